package intercept

import (
	"crypto/tls"
	"net"
	"net/http"
	"sync"
)

// unrequested holds the connections from which no request has come so far.
type unrequested struct {
	mu    sync.Mutex
	over  sync.Cond
	conns map[net.Conn]bool
}

func (u *unrequested) init() {
	u.over.L = &u.mu
	u.conns = map[net.Conn]bool{}
}

// begin takes a connection in.
func (u *unrequested) begin(conn net.Conn) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.conns[conn] = true
}

// end is called after what is to be said of the connection is said.
func (u *unrequested) end(conn net.Conn) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.conns, conn)
	u.over.Broadcast()
}

func (u *unrequested) has(conn net.Conn) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.conns[conn]
}

// wait returns when there are no such connections.
func (u *unrequested) wait() {
	u.mu.Lock()
	defer u.mu.Unlock()
	for len(u.conns) > 0 {
		u.over.Wait()
	}
}

// watch tells of connections that end before their first request. The server
// calls it.
func (p *Proxy) watch(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		p.unrequested.begin(conn)
		return
	case http.StateClosed:
		if p.unrequested.has(conn) {
			p.tell(conn)
		}
	default:
	}
	p.unrequested.end(conn)
}

// tell says that no request has come from a connection, if it was meant for a
// host of ours.
func (p *Proxy) tell(conn net.Conn) {
	host := hostOf(conn)
	if encrypted, ok := conn.(*tls.Conn); ok && host == "" {
		host = normal(encrypted.ConnectionState().ServerName)
	}
	if responsible := p.responsible(host); responsible != nil {
		responsible.unheard(host, "no request came, such as from programs that do not trust the certificate")
	}
}
