package member

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// headerTimeout is the longest duration in which a client sends its headers.
const headerTimeout = 10 * time.Second

// servers serve one port each, all on the same address.
type servers []*http.Server

// listen returns when all ports are bound, so that a member answers on all of
// them or on none.
func listen(ctx context.Context, ports map[int]*http.Server, address netip.Addr) (servers, error) {
	var all servers
	var listeners []net.Listener
	for port, server := range ports {
		at := netip.AddrPortFrom(address, uint16(port)) //nolint:gosec // G115: ports are below 65536
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", at.String())
		if err != nil {
			for _, l := range listeners {
				_ = l.Close()
			}
			return nil, fmt.Errorf("serve on %v: %w", at, err)
		}
		listeners = append(listeners, l)
		all = append(all, server)
	}
	for i, server := range all {
		go func() { _ = server.Serve(listeners[i]) }() // ends with the server
	}
	return all, nil
}

// shutdown finishes requests in flight, for at most the grace.
func (all servers) shutdown(ctx context.Context, grace time.Duration) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	errs := make([]error, len(all))
	var wg sync.WaitGroup
	for i, server := range all {
		wg.Go(func() { errs[i] = server.Shutdown(ctx) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return errors.Join(fmt.Errorf("finish requests in flight: %w", err), all.close())
	}
	return nil
}

func (all servers) close() error {
	errs := make([]error, len(all))
	for i, server := range all {
		errs[i] = server.Close()
	}
	return errors.Join(errs...)
}
