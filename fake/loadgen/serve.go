package loadgen

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Argument is the first argument of a program that is to be the load generator,
// see [Run].
const Argument = "exopool-http-load-generator"

// Run is the whole life of a load generator, on port 8080 of all addresses, when
// args, as in os.Args, say that this process is one; it returns the exit code.
// Otherwise it returns false at once. It makes any program that calls it
// first the program of a container image.
func Run(ctx context.Context, args []string, stderr io.Writer) (code int, ok bool) {
	if len(args) < 2 || args[1] != Argument {
		return 0, false
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := Serve(ctx, ":8080", DefaultDuration, slog.New(slog.NewTextHandler(stderr, nil))); err != nil {
		fmt.Fprintln(stderr, err)
		return 1, true
	}
	return 0, true
}

// Serve answers requests with the host's own CPUs, each kept busy for duration,
// until ctx ends, then finishes those in flight.
func Serve(ctx context.Context, address string, duration time.Duration, logger *slog.Logger) error {
	cpu, err := NewRealCPU(duration)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("serve on %s: %w", address, err)
	}
	server := &http.Server{Handler: NewHandler(cpu), ReadHeaderTimeout: 10 * time.Second}
	logger.Info("serving", "address", listener.Addr().String(), "duration", duration)

	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve on %s: %w", address, err)
	case <-ctx.Done():
	}
	// A request in flight takes one duration at most.
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), duration+time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return fmt.Errorf("finish requests in flight: %w", err)
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve on %s: %w", address, err)
	}
	logger.Info("stopped")
	return nil
}
