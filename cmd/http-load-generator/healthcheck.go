package main

import (
	"context"

	"github.com/exopool/exopool/cmd/internal/command"
	"github.com/exopool/exopool/cmd/internal/serve"
)

// healthcheck asks the web application on this host whether it is alive. It takes the
// same settings as that one, to know where it listens.
func healthcheck(getenv func(string) string) *command.Command {
	set, cfg := declare(getenv)
	set.As("http-load-generator healthcheck", "http-load-generator healthcheck exits with 0 if the one on this host that has the same settings is alive. Containers check themselves with it.")
	set.ExitCodes = "0 if it is alive, 1 if it is not, 2 when a setting is wrong."
	return &command.Command{Set: set, Short: "exit with 0 if the one on this host is alive, for containers", Run: func(ctx context.Context) error {
		return serve.CheckHealth(ctx, cfg.listen, "/health", false)
	}}
}
