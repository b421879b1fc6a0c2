package tlsproxy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Config describes a [Proxy].
type Config struct {
	// Domains are those whose traffic stays here, such as exoscale.com.
	Domains []string
	// Authority signs for the same domains; by default one made for this proxy.
	Authority *Authority
	// Neighbours answer for other domains to those who connect to a listener
	// of this proxy, see [Proxy.Serve].
	Neighbours []*Proxy
	// Handler answers requests for hosts of the domains. It finds the host in
	// [http.Request.Host], in lower case and without a port.
	Handler http.Handler
	// Unserved is called for connections to hosts of the domains from which the
	// Handler gets no request, with the reason, such as [Untrusted]; not for those
	// that end without a word while the host got other requests. Connections end at
	// any time: it is called by several goroutines. By default it does nothing.
	Unserved func(host, reason string)
	// Upstream returns the proxy by which other hosts are reached, of the form
	// http://HOST:PORT; [http.ProxyFromEnvironment] is one. By default, and
	// where it returns nil, they are reached directly.
	Upstream func(*http.Request) (*url.URL, error)
	// Logger gets, at level warn, failed handshakes, such as those of programs
	// that do not trust the authority. By default they are discarded.
	Logger *slog.Logger
}

// A Proxy is an HTTP proxy, to be served on a loopback address only: it has
// no passwords. The caller closes it.
type Proxy struct {
	domains    []string
	handler    http.Handler
	unserved   func(host, reason string)
	upstream   func(*http.Request) (*url.URL, error)
	authority  *Authority
	neighbours []*Proxy
	plain      *httputil.ReverseProxy // of requests for other hosts that are not encrypted
	direct     *http.Transport        // what it uses
	tunnelled  *connListener
	server     *http.Server // of connections that clients made with CONNECT
	ended      chan struct{}

	mu      sync.Mutex
	closed  bool
	done    chan struct{}
	tunnels sync.WaitGroup

	pending   pendingConns // of server
	requested requestedHosts
}

// New starts to wait for what it will decrypt.
func New(cfg Config) (*Proxy, error) {
	domains, err := sorted(cfg.Domains)
	if err != nil {
		return nil, fmt.Errorf("intercept: %w", err)
	}
	if cfg.Handler == nil {
		return nil, fmt.Errorf("intercept %q: want a handler", domains)
	}
	if cfg.Unserved == nil {
		cfg.Unserved = func(string, string) {}
	}
	if cfg.Upstream == nil {
		cfg.Upstream = func(*http.Request) (*url.URL, error) { return nil, nil }
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Authority == nil {
		if cfg.Authority, err = NewAuthority(domains...); err != nil {
			return nil, err
		}
	}
	if !slices.Equal(cfg.Authority.domains, domains) {
		return nil, fmt.Errorf("intercept %q: the authority is for %q", domains, cfg.Authority.domains)
	}
	p := &Proxy{
		domains: domains, handler: cfg.Handler, unserved: cfg.Unserved,
		upstream: cfg.Upstream, authority: cfg.Authority, neighbours: cfg.Neighbours,
		tunnelled: newConnListener(), ended: make(chan struct{}), done: make(chan struct{}),
	}
	p.pending.init()
	p.direct = newTransport(cfg.Upstream)
	p.plain = newForwarder(p.direct)
	p.server = p.newServer(slog.NewLogLogger(cfg.Logger.Handler(), slog.LevelWarn))
	go func() {
		defer close(p.ended)
		_ = p.server.ServeTLS(p.tunnelled, "", "") // it ends when the proxy is closed
	}()
	return p, nil
}

// ServeHTTP answers what clients send to a proxy: CONNECT, and requests for
// whole URLs.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !p.begin() {
		http.Error(w, "the proxy is closing", http.StatusServiceUnavailable)
		return
	}
	defer p.tunnels.Done()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	p.tunnels.Go(func() {
		select {
		case <-p.done:
			cancel()
		case <-ctx.Done():
		}
	})
	r = r.WithContext(ctx)
	switch {
	case r.Method == http.MethodConnect:
		p.connect(w, r)
	case r.URL.Scheme == "http" && r.URL.Host != "":
		p.forward(w, r)
	default:
		http.Error(w, "this is a proxy", http.StatusBadRequest)
	}
}

// Serve answers clients that connect straight to a listener in the belief that
// it is a host of the domains, because that is where its name led them. They say
// which host they mean in their first message, and are turned away if it is
// neither of the domains nor a neighbour's. Serve returns when the proxy is
// closed, with nil, or when the listener fails.
func (p *Proxy) Serve(l net.Listener) error {
	if err := p.server.ServeTLS(l, "", ""); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %q on %s: %w", p.domains, l.Addr(), err)
	}
	return nil
}

// begin counts a request, unless the proxy is closed.
func (p *Proxy) begin() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.tunnels.Add(1)
	}
	return !p.closed
}

// Close ends all connections and waits until that is done. Decrypted requests
// in flight get until ctx ends, tunnels none. Afterwards Unserved has been called
// for all of them.
func (p *Proxy) Close(ctx context.Context) error {
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		close(p.done)
	}
	p.mu.Unlock()
	p.tunnels.Wait()
	p.direct.CloseIdleConnections()
	err := p.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(fmt.Errorf("close the proxy for %q: %w", p.domains, err), p.server.Close())
	}
	<-p.ended
	p.pending.wait()
	return err
}

// covers reports whether a host, in its normal form, is one of the domains.
func (p *Proxy) covers(host string) bool {
	return slices.ContainsFunc(p.domains, func(domain string) bool {
		return host == domain || strings.HasSuffix(host, "."+domain)
	})
}

func normal(host string) string { return strings.TrimRight(strings.ToLower(host), ".") }

// wellFormed reports whether a host, in its normal form, and a port can only be
// understood in one way. What we took for another host could mean one of the
// domains to whoever it is passed on to.
func wellFormed(host, port string) bool {
	if net.ParseIP(host) == nil && (host == "" || strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "") {
		return false
	}
	number, err := strconv.ParseUint(port, 10, 16)
	return err == nil && number > 0
}

// connect answers a CONNECT request.
func (p *Proxy) connect(w http.ResponseWriter, r *http.Request) {
	host, port, err := net.SplitHostPort(r.Host)
	host = normal(host)
	switch {
	case err != nil || !wellFormed(host, port):
		refuse(w, http.StatusBadRequest, fmt.Errorf("connect to %q: want HOST:PORT", r.Host))
	case !p.covers(host):
		p.tunnel(w, r, net.JoinHostPort(host, port))
	case port != "443":
		p.unserved(host, "port "+port+" is not served")
		refuse(w, http.StatusForbidden, fmt.Errorf("connect to %s: port %s is not served, and nothing leaves this host for that host", host, port))
	default:
		conn, err := accept(w)
		if err == nil {
			p.tunnelled.put(&connection{Conn: conn, host: host})
		}
	}
}

// accept tells the client that it is connected and returns the connection.
func accept(w http.ResponseWriter) (*bufferedConn, error) {
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, err
	}
	if err := conn.SetWriteDeadline(time.Now().Add(connectTimeout)); err == nil {
		_, err = conn.Write([]byte("HTTP/1.1 200 Connection established\r\n\r\n"))
		err = errors.Join(err, conn.SetWriteDeadline(time.Time{}))
		if err == nil {
			return &bufferedConn{Conn: conn, reader: buffered.Reader}, nil
		}
	}
	return nil, errors.Join(errors.New("the client went away"), conn.Close())
}

// refuse answers with an error. Go's client shows nothing of a refusal but the
// status line.
func refuse(w http.ResponseWriter, status int, why error) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, why.Error(), status)
		return
	}
	reason := strings.Join(strings.Fields(why.Error()), " ")
	_ = conn.SetWriteDeadline(time.Now().Add(connectTimeout))
	_, _ = fmt.Fprintf(conn, "HTTP/1.1 %d %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status, reason)
	_ = conn.Close()
}

// forward answers a request for a whole http URL.
func (p *Proxy) forward(w http.ResponseWriter, r *http.Request) {
	host, port := normal(r.URL.Hostname()), cmp.Or(r.URL.Port(), "80")
	switch {
	case !wellFormed(host, port):
		http.Error(w, fmt.Sprintf("ask %q: want HOST or HOST:PORT", r.URL.Host), http.StatusBadRequest)
	case p.covers(host):
		p.serveHost(w, r, host)
	default:
		passed := r.Clone(r.Context())
		passed.URL.Host = net.JoinHostPort(host, port)
		p.plain.ServeHTTP(w, passed)
	}
}

// serveHost lets the handler answer a request for a host of the domains.
func (p *Proxy) serveHost(w http.ResponseWriter, r *http.Request, host string) {
	asked := r.Clone(r.Context())
	asked.Host = host
	asked.URL.Scheme, asked.URL.Host = "", ""
	p.handler.ServeHTTP(w, asked)
}
