package system

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/exopool/exopool/cmd/demo/internal/view"
)

// A listener is an HTTP server that has its address but does not serve yet.
type listener struct {
	net.Listener
	handler http.Handler
}

func (l listener) url() string { return "http://" + l.Addr().String() }

func listen(ctx context.Context, address string) (listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return listener{}, fmt.Errorf("listen on %s: %w", address, err)
	}
	return listener{Listener: l}, nil
}

// farewell is how long a reader may take to hear that the demo has ended.
const farewell = time.Second

// serve serves until ctx ends and the readers of the hub have heard of it.
func serve(ctx context.Context, group *errgroup.Group, l listener, hub *view.Hub) {
	server := &http.Server{Handler: l.handler, ReadHeaderTimeout: 5 * time.Second}
	group.Go(func() error {
		if err := server.Serve(l.Listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve on %s: %w", l.Addr(), err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		waiting, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
		defer cancel()
		hub.Wait(waiting)
		return server.Close()
	})
}
