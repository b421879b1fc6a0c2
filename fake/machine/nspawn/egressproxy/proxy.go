package egressproxy

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"github.com/exopool/exopool/internal/tcprelay"
)

const (
	// maxConnections at the same time; more wait until one ends.
	maxConnections = 1024
	dialTimeout    = 10 * time.Second
)

// Config is what [Serve] needs.
type Config struct {
	Logger *slog.Logger
	// Destination returns where a connection was meant to go.
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
	server := tcprelay.Server{Handle: cfg.handle, MaxConnections: maxConnections, Logger: cfg.Logger}
	server.Serve(ctx, listener)
}

func (c Config) handle(ctx context.Context, client net.Conn) {
	far, err := c.connect(ctx, client)
	if err != nil {
		c.Logger.Info("machine cannot connect", "machine", client.RemoteAddr(), "err", err)
		tcprelay.Reset(client)
		return
	}
	tcprelay.Join(ctx, client, far)
}

func (c Config) connect(ctx context.Context, client net.Conn) (net.Conn, error) {
	to, err := c.Destination(client)
	if err != nil {
		return nil, err
	}
	if to.String() == client.LocalAddr().String() {
		// No client was redirected. The relay would connect to itself for ever.
		return nil, fmt.Errorf("connect to %v: that is the relay itself", to)
	}
	if err := refuse(to.Addr()); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	return c.Dial(ctx, "tcp4", to.String())
}

// refuse keeps machines from what only the host itself may see.
func refuse(a netip.Addr) error {
	switch {
	case a.IsLoopback(), a.IsLinkLocalUnicast(), a.IsMulticast(), a.IsUnspecified(), a.IsInterfaceLocalMulticast():
		return fmt.Errorf("connect to %v: machines may not reach this address", a)
	}
	return nil
}
