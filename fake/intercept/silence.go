package intercept

import (
	"crypto/tls"
	"net"
	"net/http"
	"sync"
)

// A silence knows the connections from which no request has come so far.
type silence struct {
	mu    sync.Mutex
	over  sync.Cond
	conns map[net.Conn]bool
}

func (s *silence) init() {
	s.over.L = &s.mu
	s.conns = map[net.Conn]bool{}
}

// begin takes a connection in.
func (s *silence) begin(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[conn] = true
}

// end is called after what is to be said of the connection is said.
func (s *silence) end(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, conn)
	s.over.Broadcast()
}

func (s *silence) has(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns[conn]
}

// wait returns when there are no such connections.
func (s *silence) wait() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.conns) > 0 {
		s.over.Wait()
	}
}

// watch tells of connections that end before their first request. The server
// calls it.
func (p *Proxy) watch(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		p.silent.begin(conn)
		return
	case http.StateClosed:
		if p.silent.has(conn) {
			p.tell(conn)
		}
	default:
	}
	p.silent.end(conn)
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
