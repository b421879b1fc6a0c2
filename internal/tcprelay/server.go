package tcprelay

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"
)

// retryDelay is the wait after a failed accept, for example because the
// process has no file descriptors left.
const retryDelay = 10 * time.Millisecond

// A Server accepts connections and handles each in a goroutine of its own.
type Server struct {
	// Handle serves a connection until ctx ends, and closes it.
	Handle func(ctx context.Context, conn net.Conn)
	// MaxConnections are handled at the same time; more wait in the listener's
	// queue. Zero means no limit.
	MaxConnections int
	Logger         *slog.Logger
}

// Serve accepts until ctx ends or the listener is closed. It closes the
// listener and returns when the last connection has been handled.
func (s *Server) Serve(ctx context.Context, listener net.Listener) {
	var open sync.WaitGroup
	defer open.Wait()
	stop := context.AfterFunc(ctx, func() { _ = listener.Close() })
	defer stop()
	slots := newSlots(s.MaxConnections)
	for slots.acquire(ctx) {
		conn, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			slots.release()
			s.Logger.Error("connection not accepted", "err", err)
			select {
			case <-ctx.Done():
			case <-time.After(retryDelay):
			}
			continue
		}
		open.Go(func() {
			defer slots.release()
			s.Handle(ctx, conn)
		})
	}
}

// slots limit how many connections are open; nil slots do not.
type slots chan struct{}

func newSlots(limit int) slots {
	if limit == 0 {
		return nil
	}
	return make(slots, limit)
}

// acquire waits for a free slot and reports whether it got one before ctx
// ended.
func (s slots) acquire(ctx context.Context) bool {
	if s == nil {
		return true
	}
	select {
	case s <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (s slots) release() {
	if s != nil {
		<-s
	}
}
