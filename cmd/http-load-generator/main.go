// Command http-load-generator serves a deliberately slow web application:
// GET /load keeps every CPU of the machine busy for ten seconds, GET /health
// answers OK.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/exopool/exopool/fake/loadgen"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Getenv, os.Stderr)
	stop()
	os.Exit(code)
}

// run serves until ctx ends and returns the exit code: 0 after an orderly end,
// 1 when it could not serve, 2 when the settings are wrong.
func run(ctx context.Context, args []string, getenv func(string) string, stderr io.Writer) int {
	s, err := parse(args, getenv, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "http-load-generator:", err)
		return 2
	}
	if err := serve(ctx, s, slog.New(slog.NewTextHandler(stderr, nil))); err != nil {
		fmt.Fprintln(stderr, "http-load-generator:", err)
		return 1
	}
	return 0
}

type settings struct {
	listen   string
	duration time.Duration
}

func parse(args []string, getenv func(string) string, stderr io.Writer) (settings, error) {
	listen := ":8080"
	if port := getenv("PORT"); port != "" {
		listen = ":" + port
	}
	var s settings
	flags := flag.NewFlagSet("http-load-generator", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // run says what is wrong
	flags.StringVar(&s.listen, "listen", listen, "`address` to serve on; variable PORT sets its port")
	flags.DurationVar(&s.duration, "duration", loadgen.DefaultDuration, "how long one /load request keeps every CPU busy")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			flags.SetOutput(stderr)
			fmt.Fprintln(stderr, "Usage: http-load-generator [flags]")
			flags.PrintDefaults()
		}
		return settings{}, err
	}
	if flags.NArg() > 0 {
		return settings{}, fmt.Errorf("argument %q: only flags are understood, see -h", flags.Arg(0))
	}
	if s.duration <= 0 {
		return settings{}, fmt.Errorf("-duration %v: must be positive, e.g. 10s", s.duration)
	}
	if _, _, err := net.SplitHostPort(s.listen); err != nil {
		return settings{}, fmt.Errorf("-listen %q: want host:port or :port, e.g. :8080", s.listen)
	}
	return s, nil
}

// serve answers requests until ctx ends, then finishes those in flight.
func serve(ctx context.Context, s settings, log *slog.Logger) error {
	cpu, err := loadgen.NewRealCPU(s.duration)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.listen)
	if err != nil {
		return fmt.Errorf("serve on %s: %w", s.listen, err)
	}
	server := &http.Server{Handler: loadgen.NewHandler(cpu), ReadHeaderTimeout: 10 * time.Second}
	log.Info("serving", "address", listener.Addr().String(), "duration", s.duration)

	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve on %s: %w", s.listen, err)
	case <-ctx.Done():
	}
	// A request in flight takes one duration at most.
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.duration+time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return fmt.Errorf("finish requests in flight: %w", err)
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve on %s: %w", s.listen, err)
	}
	log.Info("stopped")
	return nil
}
