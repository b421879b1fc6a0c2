// Discovery keeps a Prometheus file_sd file equal to the members of Exoscale
// instance pools. Run it with -h for its settings.
//
// It never gives up: when the API is down, the key is refused or a pool does not
// exist, it logs that with the remedy and tries again, because each of these may
// be corrected while the program runs. Meanwhile the file keeps the last good
// targets.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/sync/errgroup"

	"github.com/exopool/exopool/cmd/internal/command"
	"github.com/exopool/exopool/cmd/internal/serve"
	"github.com/exopool/exopool/discovery"
	"github.com/exopool/exopool/exoscale"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// run is the program with everything it touches; it returns the exit code.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	set, cfg := declare(getenv)
	program := command.Command{
		Set: set, Short: "write the members of Exoscale instance pools to a file for Prometheus",
		Run: func(ctx context.Context) error {
			cfg.Warnings = set.Warnings()
			logger := cfg.Logging.NewLogger(stderr)
			if err := becomeOwner(cfg.Agent.File); err != nil {
				logger.Warn("discovery continues as root; docker run --user sets another user", slog.Any("err", err))
			}
			return discover(ctx, *cfg, logger)
		},
		Commands: []*command.Command{healthcheck(getenv)},
	}
	return program.Execute(ctx, args, stdout, stderr)
}

// discover works until ctx ends.
func discover(ctx context.Context, cfg config, logger *slog.Logger) error {
	for _, warning := range cfg.Warnings {
		logger.Warn("questionable setting", slog.String("warning", warning))
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))

	var listener net.Listener
	if cfg.Listen != "" {
		var err error
		if listener, err = serve.Listen(ctx, cfg.Listen); err != nil {
			return err
		}
		defer listener.Close()
	}
	agent, err := newAgent(cfg, registry, logger)
	if err != nil {
		return err
	}
	logger.Info("discovery starts", slog.String("version", command.Version()), slog.String("zone", cfg.Agent.Zone),
		slog.String("pool", strings.Join(cfg.Agent.Pools, ",")), slog.String("file", cfg.Agent.File), slog.Duration("refresh", cfg.Agent.Interval))

	server := serve.Config{Handler: agent.Handler(registry), Logger: logger, Namespace: "exopool_discovery", Registerer: registry}
	if server.Keypair, err = cfg.TLS.Load(); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return agent.Run(ctx) })
	if listener != nil {
		logger.Info("listening", slog.String("address", listener.Addr().String()))
		group.Go(func() error { return serve.Run(ctx, listener, server) })
	}
	err = group.Wait()
	if err == nil {
		logger.Info("stopped")
	}
	return err
}

func newAgent(cfg config, registry *prometheus.Registry, logger *slog.Logger) (*discovery.Agent, error) {
	cfg.API.Registerer, cfg.API.Logger = registry, logger
	client, err := exoscale.New(cfg.API)
	if err != nil {
		return nil, err
	}
	cfg.Agent.Lister, cfg.Agent.Backends, cfg.Agent.Resolver = client.Lister(), client.Lister(), client
	cfg.Agent.Registerer, cfg.Agent.Logger, cfg.Agent.LabelPrefix = registry, logger, exoscale.LabelPrefix
	agent, err := discovery.New(cfg.Agent)
	if err != nil { // all other settings have been checked
		return nil, cfg.File.NewError(fmt.Sprintf("is %q, which cannot be used: %v", cfg.Agent.File, err))
	}
	return agent, nil
}
