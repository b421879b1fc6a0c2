package serve

import (
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/exopool/exopool/internal/auth"
)

// A limiter is a listener with at most max open connections. One more takes
// the place of another: of those whose source has the most connections, the
// new one counted in, it closes the one that has waited longest for a request,
// or if all are being answered, the one that takes longest. So whoever opens
// many connections displaces none but its own, as long as others have fewer.
//
// A plain limit, as netutil.LimitListener has, would let connections that are
// held open without a request keep everybody else out.
type limiter struct {
	net.Listener
	max     int
	logger  *slog.Logger
	metrics *metrics
	slots   chan struct{} // one for each connection that is open
	closing chan struct{}
	close   func() error

	mu   sync.Mutex
	open map[*conn]struct{}
}

func limit(l net.Listener, most int, logger *slog.Logger, m *metrics) *limiter {
	limited := &limiter{
		Listener: l, max: most, logger: logger, metrics: m,
		slots: make(chan struct{}, most), closing: make(chan struct{}), open: map[*conn]struct{}{},
	}
	limited.close = sync.OnceValue(func() error {
		close(limited.closing)
		return l.Close()
	})
	return limited
}

// A conn is an open connection.
type conn struct {
	net.Conn
	source  netip.Prefix
	release func()

	// Guarded by the limiter.
	waits bool // for the head of a request
	since time.Time
}

// Close gives the place back.
func (c *conn) Close() error {
	defer c.release()
	return c.Conn.Close()
}

// Accept implements [net.Listener].
func (l *limiter) Accept() (net.Conn, error) {
	accepted, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: accepted, source: auth.SourceOf(accepted.RemoteAddr().String()), waits: true, since: time.Now()}
	c.release = sync.OnceFunc(func() {
		l.forget(c)
		l.metrics.connections.Dec()
		<-l.slots
	})
	select {
	case l.slots <- struct{}{}:
	default:
		l.displace(c.source)
		select { // the server gives the place back when it sees that the other one is closed
		case l.slots <- struct{}{}:
		case <-l.closing:
			accepted.Close()
			return nil, net.ErrClosed
		}
	}
	l.metrics.connections.Inc()
	l.mu.Lock()
	l.open[c] = struct{}{}
	l.mu.Unlock()
	return c, nil
}

// Close implements [net.Listener].
func (l *limiter) Close() error { return l.close() }

// note is the server's hook for changes of a connection's state.
func (l *limiter) note(nc net.Conn, state http.ConnState) {
	if encrypted, ok := nc.(*tls.Conn); ok {
		nc = encrypted.NetConn()
	}
	c, ok := nc.(*conn)
	if !ok {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	c.waits, c.since = state != http.StateActive, time.Now()
}

func (l *limiter) forget(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, c)
}

// displace closes a connection to make room for one from a source.
func (l *limiter) displace(newcomer netip.Prefix) {
	victim := l.choose(newcomer)
	if victim == nil {
		return // all of them are being closed
	}
	victim.Conn.Close()
	l.metrics.displaced.Inc()
	l.logger.Warn("too many connections, one was closed to make room for another",
		slog.String("source", victim.source.String()), slog.Int("limit", l.max))
}

// choose takes one connection out of those that are open.
func (l *limiter) choose(newcomer netip.Prefix) *conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	count := map[netip.Prefix]int{newcomer: 1}
	for c := range l.open {
		count[c.source]++
	}
	var victim *conn
	for c := range l.open {
		if victim == nil || worse(c, victim, count) {
			victim = c
		}
	}
	delete(l.open, victim)
	return victim
}

// worse reports whether a has to go before b.
func worse(a, b *conn, count map[netip.Prefix]int) bool {
	switch {
	case count[a.source] != count[b.source]:
		return count[a.source] > count[b.source]
	case a.waits != b.waits:
		return a.waits
	default:
		return a.since.Before(b.since)
	}
}
