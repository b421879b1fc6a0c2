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

	"github.com/exopool/exopool/cmd/internal/command"
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
	set, cfg := declare(getenv)
	program := command.Command{
		Set: set, Short: "serve a deliberately slow web application",
		Run: func(ctx context.Context) error {
			return loadgen.Serve(ctx, cfg.listen, cfg.duration, slog.New(slog.NewTextHandler(stderr, nil)))
		},
		Commands: []*command.Command{healthcheck(getenv)},
	}
	return program.Execute(ctx, args, stdout, stderr)
}
