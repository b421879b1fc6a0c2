package balancer

import (
	"context"
	"net"
	"net/netip"
	"time"

	"github.com/exopool/exopool/internal/tcprelay"
)

// dialTimeout bounds the wait for one target; a live one on the same host
// accepts within microseconds.
const dialTimeout = time.Second

// serve forwards connections until ctx ends, and returns when none is left.
func (s *service) serve(ctx context.Context) {
	server := tcprelay.Server{Handle: s.forward, Logger: s.logger}
	server.Serve(ctx, s.listener)
}

// forward connects the client to a target. When none of those tried accepts, the
// client is reset, as a closed port would do.
func (s *service) forward(ctx context.Context, client net.Conn) {
	s.count(1)
	defer s.count(-1)
	upstream := s.dial(ctx, client)
	if upstream == nil {
		s.refuse()
		tcprelay.Reset(client)
		return
	}
	tcprelay.Join(ctx, client, upstream)
}

// dial returns a connection to the first target that accepts one, of as many as
// the service may try; nil if none does.
func (s *service) dial(ctx context.Context, client net.Conn) net.Conn {
	s.mu.Lock()
	strategy, port := s.spec.Strategy, s.cfg.TargetPort(s.spec.TargetPort)
	attempts := max(s.spec.Attempts, 1)
	s.mu.Unlock()
	from := source(client)
	targets := s.choose.order(strategy, from, s.healthy())
	for _, t := range targets[:min(attempts, len(targets))] {
		at := netip.AddrPortFrom(t.address, uint16(port)) //nolint:gosec // G115: ports are below 65536
		conn, err := s.dialOne(ctx, from, at)
		if err != nil {
			s.logger.Debug("target not reached", "target", at, "err", err)
			continue
		}
		s.took(t)
		return conn
	}
	return nil
}

func (s *service) dialOne(ctx context.Context, client netip.Addr, at netip.AddrPort) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	return s.cfg.Dial(ctx, client, at)
}

func source(conn net.Conn) netip.Addr {
	if addr, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		return addr.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}
