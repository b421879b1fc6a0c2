package tlsproxy

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"slices"
	"sync"
)

// Untrusted is the reason that [Config.Unserved] gets for a client that does not
// trust the authority, and says so.
const Untrusted = "the client does not trust the certificate"

// pendingConns are the connections from which no request has come so far.
type pendingConns struct {
	mu    sync.Mutex
	over  sync.Cond
	conns map[net.Conn]bool
}

func (c *pendingConns) init() {
	c.over.L = &c.mu
	c.conns = map[net.Conn]bool{}
}

// begin takes a connection in.
func (c *pendingConns) begin(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conns[conn] = true
}

// end is called after what is to be said of the connection is said.
func (c *pendingConns) end(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.conns, conn)
	c.over.Broadcast()
}

func (c *pendingConns) has(conn net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.conns[conn]
}

// wait returns when there are no such connections.
func (c *pendingConns) wait() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.conns) > 0 {
		c.over.Wait()
	}
}

// trackState reports connections that end before their first request. The
// server calls it.
func (p *Proxy) trackState(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		p.pending.begin(conn)
		return
	case http.StateClosed:
		if p.pending.has(conn) {
			p.reportUnrequested(conn)
		}
	default:
	}
	p.pending.end(conn)
}

// reportUnrequested calls unserved for a closed connection without a request, if it
// was meant for a host of ours. Clients open connections that they then do not need,
// and some say nothing when they do not trust: one without a word is told of only if
// its host has got no request at all.
func (p *Proxy) reportUnrequested(conn net.Conn) {
	host, reason := hostOf(conn), "no request came"
	if encrypted, ok := conn.(*tls.Conn); ok {
		if host == "" {
			host = normal(encrypted.ConnectionState().ServerName)
		}
		if distrusts(encrypted) {
			reason = Untrusted
		}
	}
	proxy := p.proxyFor(host)
	if proxy == nil || reason != Untrusted && proxy.requested.has(host) {
		return
	}
	proxy.unserved(host, reason)
}

// maxHosts bounds how many hosts are remembered.
const maxHosts = 1000

// requestedHosts are those for which a request came.
type requestedHosts struct {
	mu    sync.Mutex
	known map[string]bool
}

func (h *requestedHosts) add(host string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.known == nil {
		h.known = map[string]bool{}
	}
	if len(h.known) < maxHosts {
		h.known[host] = true
	}
}

func (h *requestedHosts) has(host string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.known[host]
}

// distrusts reports whether a client ended a connection, which is closed, because of
// the certificate. Clients may say so after the handshake.
func distrusts(conn *tls.Conn) bool {
	_, err := conn.Read(make([]byte, 1)) // again what it met before
	alert := new(net.OpError)
	return errors.As(err, &alert) && alert.Op == "remote error" &&
		slices.ContainsFunc(aboutCertificates(), func(a tls.AlertError) bool { return alert.Err.Error() == a.Error() })
}

// aboutCertificates are the alerts by which clients refuse a certificate, see RFC
// 8446, section 6.2.
func aboutCertificates() []tls.AlertError {
	const (
		badCertificate         tls.AlertError = 42
		unsupportedCertificate tls.AlertError = 43
		certificateRevoked     tls.AlertError = 44
		certificateExpired     tls.AlertError = 45
		certificateUnknown     tls.AlertError = 46
		unknownCA              tls.AlertError = 48
	)
	return []tls.AlertError{badCertificate, unsupportedCertificate, certificateRevoked, certificateExpired, certificateUnknown, unknownCA}
}
