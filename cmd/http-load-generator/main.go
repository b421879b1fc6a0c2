// Command http-load-generator serves a deliberately slow web application:
// GET /load keeps every CPU of the machine busy for ten seconds, GET /health
// answers OK.
package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

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
	if len(args) > 0 && args[0] == "healthcheck" {
		return settings.WriteError(stderr, "http-load-generator healthcheck", healthcheck(ctx, args[1:], getenv, stdout))
	}
	cfg, err := parse(args, getenv, stdout)
	if err == nil {
		err = loadgen.Serve(ctx, cfg.listen, cfg.duration, slog.New(slog.NewTextHandler(stderr, nil)))
	}
	return settings.WriteError(stderr, "http-load-generator", err)
}
