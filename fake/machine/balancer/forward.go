package balancer

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	// dialTimeout bounds the wait for one target; a live one on the same
	// computer accepts within microseconds.
	dialTimeout = time.Second
	// acceptPause is the wait after a failed accept, say for lack of file
	// descriptors.
	acceptPause = 10 * time.Millisecond
)

// serve forwards connections until ctx ends, and returns when none is left.
func (s *service) serve(ctx context.Context) {
	var open sync.WaitGroup
	defer open.Wait()
	stop := context.AfterFunc(ctx, func() { _ = s.listener.Close() })
	defer stop()
	for {
		client, err := s.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			s.log.Error("connection not accepted", "err", err)
			select {
			case <-ctx.Done():
			case <-time.After(acceptPause):
			}
			continue
		}
		open.Go(func() {
			if tcp, ok := client.(*net.TCPConn); ok {
				s.forward(ctx, tcp)
			} else {
				_ = client.Close()
			}
		})
	}
}

// forward connects the client to the first target that accepts. With none, the
// client is reset, as a closed port would do.
func (s *service) forward(ctx context.Context, client *net.TCPConn) {
	upstream := s.dial(ctx, client)
	if upstream == nil {
		_ = client.SetLinger(0) // on failure the close is an orderly one
		_ = client.Close()
		return
	}
	stop := context.AfterFunc(ctx, func() {
		_ = client.Close()
		_ = upstream.Close()
	})
	defer stop()
	join(client, upstream)
}

func (s *service) dial(ctx context.Context, client *net.TCPConn) *net.TCPConn {
	s.mu.Lock()
	strategy, port := s.spec.Strategy, s.cfg.TargetPort(s.spec.TargetPort)
	s.mu.Unlock()
	from := source(client)
	for _, t := range s.choose.order(strategy, from, s.healthy()) {
		at := netip.AddrPortFrom(t.address, uint16(port)) //nolint:gosec // G115: ports are below 65536
		conn, err := s.dialOne(ctx, from, at)
		if err != nil {
			s.log.Debug("target not reached, trying the next", "target", at, "err", err)
			continue
		}
		if upstream, ok := conn.(*net.TCPConn); ok {
			return upstream
		}
		_ = conn.Close()
	}
	return nil
}

func (s *service) dialOne(ctx context.Context, client netip.Addr, at netip.AddrPort) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	return s.cfg.Dial(ctx, client, at)
}

func source(conn *net.TCPConn) netip.Addr {
	if addr, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		return addr.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}

// join copies both ways until both sides are done. The end of one direction is
// passed on while the other goes on; a fault ends both.
func join(a, b *net.TCPConn) {
	var wg sync.WaitGroup
	wg.Go(func() { transfer(a, b) })
	transfer(b, a)
	wg.Wait()
	_ = a.Close()
	_ = b.Close()
}

func transfer(to, from *net.TCPConn) {
	_, err := io.Copy(to, from)
	if err == nil {
		err = to.CloseWrite()
	}
	if err != nil {
		_ = to.Close()
		_ = from.Close()
	}
}
