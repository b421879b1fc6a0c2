package main

import (
	"context"
	"errors"
	"io"

	"github.com/exopool/exopool/cmd/internal/serve"
)

// healthcheck asks the discovery on this host whether it is alive. It takes the
// same settings as that one, to know where it listens.
func healthcheck(ctx context.Context, args []string, getenv func(string) string, out io.Writer) error {
	cfg, err := parse(args, getenv, out)
	if err != nil {
		return err
	}
	if cfg.Listen == "" {
		return errors.New("it cannot be asked: it listens nowhere")
	}
	return serve.CheckHealth(ctx, cfg.Listen, "/healthz", cfg.TLS.Enabled())
}
