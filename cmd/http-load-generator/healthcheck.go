package main

import (
	"context"

	"github.com/exopool/exopool/cmd/internal/command"
	"github.com/exopool/exopool/cmd/internal/serve"
)

// healthcheck asks the web application on this host whether it is alive.
func healthcheck(getenv func(string) string) *command.Command {
	set, cfg := declare(getenv)
	return serve.Healthcheck("http-load-generator", set, func(ctx context.Context) error {
		return serve.CheckHealth(ctx, cfg.listen, "/health", false)
	})
}
