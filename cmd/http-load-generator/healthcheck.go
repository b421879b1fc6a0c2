package main

import (
	"context"
	"io"

	"github.com/exopool/exopool/cmd/internal/serve"
)

// healthcheck asks the web application on this host whether it is alive. It takes
// the same settings as that one, to know where it listens.
func healthcheck(ctx context.Context, args []string, getenv func(string) string, out io.Writer) error {
	cfg, err := parse(args, getenv, out)
	if err != nil {
		return err
	}
	return serve.CheckHealth(ctx, cfg.listen, "/health", false)
}
