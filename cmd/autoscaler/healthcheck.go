package main

import (
	"context"
	"net"
	"strconv"

	"github.com/exopool/exopool/cmd/internal/command"
	"github.com/exopool/exopool/cmd/internal/serve"
)

// healthcheck asks the autoscaler on this host whether it is alive. It takes the
// same settings as that one, to know where it listens.
func healthcheck(getenv func(string) string) *command.Command {
	set, cfg := declare(getenv)
	set.As("autoscaler healthcheck", "autoscaler healthcheck exits with 0 if the one on this host that has the same settings is alive. Containers check themselves with it.")
	set.ExitCodes = "0 if it is alive, 1 if it is not, 2 when a setting is wrong."
	return &command.Command{Set: set, Short: "exit with 0 if the one on this host is alive, for containers", Run: func(ctx context.Context) error {
		return serve.CheckHealth(ctx, net.JoinHostPort(cfg.Host, strconv.Itoa(cfg.Port)), "/healthz", cfg.TLS.Enabled())
	}}
}
