package main

import (
	"context"
	"io"
	"net"
	"strconv"

	"github.com/exopool/exopool/cmd/internal/serve"
)

// healthcheck asks the autoscaler on this host whether it is alive. It takes the
// same settings as that one, to know where it listens.
func healthcheck(ctx context.Context, args []string, getenv func(string) string, out io.Writer) error {
	cfg, err := parse(args, getenv, out)
	if err != nil {
		return err
	}
	return serve.CheckHealth(ctx, net.JoinHostPort(cfg.Host, strconv.Itoa(cfg.Port)), "/healthz", cfg.TLS.Enabled())
}
