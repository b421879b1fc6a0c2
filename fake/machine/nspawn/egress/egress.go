package egress

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	// maxConnections at the same time; more wait until one ends.
	maxConnections = 1024
	dialTimeout    = 10 * time.Second
	// acceptPause is the wait after a failed accept, say for lack of file
	// descriptors.
	acceptPause = 10 * time.Millisecond
)

// Config is what [Serve] needs.
type Config struct {
	Log *slog.Logger
	// Destination tells where a connection was meant to go.
	Destination func(net.Conn) (netip.AddrPort, error)
	// Dial connects to the destination. Default: from this program.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Serve passes on what the listener accepts until ctx ends, then cuts all
// connections, closes the listener and returns. What cannot be reached is reset.
func Serve(ctx context.Context, listener net.Listener, cfg Config) {
	if cfg.Dial == nil {
		cfg.Dial = (&net.Dialer{}).DialContext
	}
	room := make(chan struct{}, maxConnections)
	var open sync.WaitGroup
	defer open.Wait()
	stop := context.AfterFunc(ctx, func() { _ = listener.Close() })
	defer stop()
	for {
		select {
		case room <- struct{}{}:
		case <-ctx.Done():
			return
		}
		client, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			<-room
			cfg.Log.Error("connection of a machine not accepted", "err", err)
			select {
			case <-ctx.Done():
			case <-time.After(acceptPause):
			}
			continue
		}
		open.Go(func() {
			defer func() { <-room }()
			cfg.relay(ctx, client)
		})
	}
}

func (c Config) relay(ctx context.Context, client net.Conn) {
	far, err := c.connect(ctx, client)
	if err != nil {
		c.Log.Info("machine cannot connect", "machine", client.RemoteAddr(), "err", err)
		reset(client)
		return
	}
	stop := context.AfterFunc(ctx, func() {
		_ = client.Close()
		_ = far.Close()
	})
	defer stop()
	join(client, far)
}

func (c Config) connect(ctx context.Context, client net.Conn) (net.Conn, error) {
	to, err := c.Destination(client)
	if err != nil {
		return nil, err
	}
	if to.String() == client.LocalAddr().String() {
		// Nobody was redirected. The relay would connect to itself for ever.
		return nil, fmt.Errorf("connect to %v: that is the relay itself", to)
	}
	if err := refuse(to.Addr()); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	return c.Dial(ctx, "tcp4", to.String())
}

// refuse keeps machines from what only the computer itself may see.
func refuse(a netip.Addr) error {
	switch {
	case a.IsLoopback(), a.IsLinkLocalUnicast(), a.IsMulticast(), a.IsUnspecified(), a.IsInterfaceLocalMulticast():
		return fmt.Errorf("connect to %v: machines may not reach this address", a)
	}
	return nil
}

// reset ends a connection as a closed port would, if it can.
func reset(conn net.Conn) {
	if c, ok := conn.(interface{ SetLinger(sec int) error }); ok {
		_ = c.SetLinger(0) // on failure the close is an orderly one
	}
	_ = conn.Close()
}

// join copies both ways until both sides are done. The end of one direction is
// passed on while the other goes on; a fault ends both.
func join(a, b net.Conn) {
	var other sync.WaitGroup
	other.Go(func() { transfer(a, b) })
	transfer(b, a)
	other.Wait()
	_ = a.Close()
	_ = b.Close()
}

func transfer(to, from net.Conn) {
	_, err := io.Copy(to, from)
	if half, ok := to.(interface{ CloseWrite() error }); ok && err == nil {
		err = half.CloseWrite()
	}
	if err != nil {
		_ = to.Close()
		_ = from.Close()
	}
}
