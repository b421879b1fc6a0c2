package serve

import (
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/exopool/exopool/internal/auth"
)

// A limiter is a listener with at most max open connections. For each one more
// it closes another: of the source with the most connections, the new one
// included, the one that has waited longest for a request, or if all are being
// answered, the one that has taken longest. So a source that opens many
// connections displaces only its own, as long as others have fewer.
//
// With a plain limit, such as that of netutil.LimitListener, connections that
// are held open without a request would keep everyone else out.
type limiter struct {
	net.Listener
	max       int
	encrypted bool
	logger    *slog.Logger
	metrics   *metrics
	slots     chan struct{} // one for each connection that is open
	closing   chan struct{}
	close     func() error

	mu   sync.Mutex
	open map[*conn]struct{}
}

// lingerTimeout is how long a refused sender may take to send the rest.
const lingerTimeout = 500 * time.Millisecond

func newLimiter(l net.Listener, maxConns int, encrypted bool, logger *slog.Logger, m *metrics) *limiter {
	limited := &limiter{
		Listener: l, max: maxConns, encrypted: encrypted, logger: logger, metrics: m,
		slots: make(chan struct{}, maxConns), closing: make(chan struct{}), open: map[*conn]struct{}{},
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
	source    netip.Prefix
	release   func()
	encrypted bool        // the server speaks TLS
	started   atomic.Bool // the first byte has been read
	plain     atomic.Bool // it was a capital letter, as in HTTP and not in TLS

	// Guarded by the limiter.
	waits bool // for the head of a request
	since time.Time
}

// Read checks the first byte.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 && !c.started.Swap(true) {
		c.plain.Store(p[0] >= 'A' && p[0] <= 'Z')
	}
	return n, err
}

// Close frees the slot. A sender of plain HTTP to a server that speaks TLS has
// got an answer that says so by then; what it still sends is read for a moment,
// because it would lose the answer if the connection were reset.
func (c *conn) Close() error {
	defer c.release()
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok && c.encrypted && c.plain.Load() && half.CloseWrite() == nil {
		_ = c.SetReadDeadline(time.Now().Add(lingerTimeout)) // if it fails, so does reading
		_, _ = io.CopyN(io.Discard, c.Conn, 256<<10)
	}
	return c.Conn.Close()
}

// Accept implements [net.Listener].
func (l *limiter) Accept() (net.Conn, error) {
	accepted, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: accepted, source: auth.SourceOf(accepted.RemoteAddr().String()), encrypted: l.encrypted, waits: true, since: time.Now()}
	c.release = sync.OnceFunc(func() {
		l.remove(c)
		l.metrics.connections.Dec()
		<-l.slots
	})
	select {
	case l.slots <- struct{}{}:
	default:
		l.displace(c.source)
		select { // the server frees the slot when it sees that the other connection is closed
		case l.slots <- struct{}{}:
		case <-l.closing:
			return nil, errors.Join(net.ErrClosed, accepted.Close())
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

// connState is the server's hook for changes of a connection's state.
func (l *limiter) connState(nc net.Conn, state http.ConnState) {
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

func (l *limiter) remove(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, c)
}

// displace closes a connection to make room for one from a source.
func (l *limiter) displace(newcomer netip.Prefix) {
	victim := l.takeVictim(newcomer)
	if victim == nil {
		return // all of them are being closed
	}
	_ = victim.Conn.Close() // the server notices, whatever the error
	l.metrics.displaced.Inc()
	l.logger.Warn("too many connections, one was closed to make room for another",
		slog.String("source", victim.source.String()), slog.Int("limit", l.max))
}

// takeVictim removes the connection to close from those that are open, and
// returns it.
func (l *limiter) takeVictim(newcomer netip.Prefix) *conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	count := map[netip.Prefix]int{newcomer: 1}
	for c := range l.open {
		count[c.source]++
	}
	var victim *conn
	for c := range l.open {
		if victim == nil || closesBefore(c, victim, count) {
			victim = c
		}
	}
	delete(l.open, victim)
	return victim
}

// closesBefore reports whether a is to be closed before b.
func closesBefore(a, b *conn, count map[netip.Prefix]int) bool {
	switch {
	case count[a.source] != count[b.source]:
		return count[a.source] > count[b.source]
	case a.waits != b.waits:
		return a.waits
	default:
		return a.since.Before(b.since)
	}
}
