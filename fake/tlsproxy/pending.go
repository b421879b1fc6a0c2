package tlsproxy

import (
	"crypto/tls"
	"net"
	"net/http"
	"sync"
)

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

// reportUnrequested calls unserved for a connection without a request, if it was
// meant for a host of ours.
func (p *Proxy) reportUnrequested(conn net.Conn) {
	host := hostOf(conn)
	if encrypted, ok := conn.(*tls.Conn); ok && host == "" {
		host = normal(encrypted.ConnectionState().ServerName)
	}
	if proxy := p.proxyFor(host); proxy != nil {
		proxy.unserved(host, "no request came, such as from programs that do not trust the certificate")
	}
}
