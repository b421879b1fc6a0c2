package main

import (
	"context"
	"errors"

	"github.com/exopool/exopool/cmd/internal/command"
	"github.com/exopool/exopool/cmd/internal/serve"
)

// healthcheck asks the discovery on this host whether it is alive.
func healthcheck(getenv func(string) string) *command.Command {
	set, cfg := declare(getenv)
	return serve.Healthcheck("discovery", set, func(ctx context.Context) error {
		if cfg.Listen == "" {
			return errors.New("it cannot be asked: it listens nowhere")
		}
		return serve.CheckHealth(ctx, cfg.Listen, "/healthz", cfg.TLS.Enabled())
	})
}
