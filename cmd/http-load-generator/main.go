// Command http-load-generator serves a deliberately slow web application:
// GET /load keeps every CPU of the machine busy for ten seconds, GET /health
// answers OK.
package main

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

	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/fake/loadgen"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run serves until ctx ends and returns the exit code.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	cfg, err := parse(args, getenv, stdout)
	if err == nil {
		err = serve(ctx, cfg, slog.New(slog.NewTextHandler(stderr, nil)))
	}
	return settings.WriteError(stderr, "http-load-generator", err)
}

// serve answers requests until ctx ends, then finishes those in flight.
func serve(ctx context.Context, cfg config, logger *slog.Logger) error {
	cpu, err := loadgen.NewRealCPU(cfg.duration)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.listen)
	if err != nil {
		return fmt.Errorf("serve on %s: %w", cfg.listen, err)
	}
	server := &http.Server{Handler: loadgen.NewHandler(cpu), ReadHeaderTimeout: 10 * time.Second}
	logger.Info("serving", "address", listener.Addr().String(), "duration", cfg.duration)

	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve on %s: %w", cfg.listen, err)
	case <-ctx.Done():
	}
	// A request in flight takes one duration at most.
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), cfg.duration+time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return fmt.Errorf("finish requests in flight: %w", err)
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve on %s: %w", cfg.listen, err)
	}
	logger.Info("stopped")
	return nil
}
