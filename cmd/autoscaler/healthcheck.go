package main

import (
	"context"
	"net"
	"strconv"

	"github.com/exopool/exopool/cmd/internal/command"
	"github.com/exopool/exopool/cmd/internal/serve"
)

// healthcheck asks the autoscaler on this host whether it is alive.
func healthcheck(getenv func(string) string) *command.Command {
	set, cfg := declare(getenv)
	return serve.Healthcheck("autoscaler", set, func(ctx context.Context) error {
		return serve.CheckHealth(ctx, net.JoinHostPort(cfg.Host, strconv.Itoa(cfg.Port)), "/healthz", cfg.TLS.Enabled())
	})
}
