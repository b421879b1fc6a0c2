package tlsproxy

import (
	"context"
	"crypto/tls"
	"fmt"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// Limits of connections that are decrypted.
const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 64 << 10
)

// A connection is one that a client made with CONNECT to a host.
type connection struct {
	net.Conn
	host string
}

// newServer returns the server of decrypted connections.
func (p *Proxy) newServer(errorLog *log.Logger) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Server{
		Handler:           http.HandlerFunc(p.answer),
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		Protocols:         protocols,
		ErrorLog:          errorLog,
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			return context.WithValue(ctx, hostKey{}, hostOf(conn))
		},
		ConnState: p.trackState,
		TLSConfig: &tls.Config{
			MinVersion:     tls.VersionTLS12,
			GetCertificate: p.certificate,
		},
	}
}

// certificate returns that of the host which a client means: of the CONNECT
// request, as the client knows no other one and some clients send none, or,
// without such a request, of the client's first message.
func (p *Proxy) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	host := hostOf(hello.Conn)
	if host == "" {
		host = normal(hello.ServerName)
	}
	proxy := p.proxyFor(host)
	if proxy == nil {
		return nil, fmt.Errorf("a client asks for %q, which is not served here", host)
	}
	return proxy.authority.leaf(host)
}

// proxyFor returns the proxy for a host: this one, or one of its
// neighbours; nil when there is none.
func (p *Proxy) proxyFor(host string) *Proxy {
	if p.covers(host) {
		return p
	}
	for _, neighbour := range p.neighbours {
		if neighbour.covers(host) {
			return neighbour
		}
	}
	return nil
}

type hostKey struct{}

// hostOf returns the host that a client named with CONNECT; none if there was no
// such request.
func hostOf(conn net.Conn) string {
	if encrypted, ok := conn.(*tls.Conn); ok {
		conn = encrypted.NetConn()
	}
	if tunnelled, ok := conn.(*connection); ok {
		return tunnelled.host
	}
	return ""
}

// answer lets the handler answer a decrypted request.
func (p *Proxy) answer(w http.ResponseWriter, r *http.Request) {
	host, _ := r.Context().Value(hostKey{}).(string)
	if host == "" {
		host = normal(r.TLS.ServerName)
	}
	named := r.Host
	if h, _, err := net.SplitHostPort(named); err == nil {
		named = h
	}
	if normal(named) != host {
		if proxy := p.proxyFor(host); proxy != nil {
			proxy.unserved(host, "the request was for another host")
		}
		http.Error(w, fmt.Sprintf("connected to %s but asked for %s", host, named), http.StatusMisdirectedRequest)
		return
	}
	if proxy := p.proxyFor(host); proxy != nil { // as it was for the certificate
		proxy.requested.add(host)
		proxy.serveHost(w, r, host)
	}
}

// A connListener is a listener whose connections come from a handler.
type connListener struct {
	conns chan net.Conn
	done  chan struct{}
	close func()
}

func newConnListener() *connListener {
	done := make(chan struct{})
	return &connListener{conns: make(chan net.Conn), done: done, close: sync.OnceFunc(func() { close(done) })}
}

// put gives a connection away.
func (h *connListener) put(conn net.Conn) {
	select {
	case h.conns <- conn:
	case <-h.done:
		_ = conn.Close()
	}
}

func (h *connListener) Accept() (net.Conn, error) {
	select {
	case conn := <-h.conns:
		return conn, nil
	case <-h.done:
		return nil, net.ErrClosed
	}
}

func (h *connListener) Close() error {
	h.close()
	return nil
}

func (h *connListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
