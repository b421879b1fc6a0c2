// Autoscaler scales an Exoscale instance pool by what alert webhooks ask for.
// Run it with -h for its settings. "autoscaler why" explains what a running one does.
//
// It never gives up: when the API is down, the key is refused or the pool does
// not exist, it logs that with the remedy in every turn and tries again, because
// each of these may be corrected while the program runs.
package main

import (
	"context"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/sync/errgroup"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/cmd/internal/command"
	"github.com/exopool/exopool/cmd/internal/serve"
	"github.com/exopool/exopool/drain"
	"github.com/exopool/exopool/exoscale"
	"github.com/exopool/exopool/internal/loopback"
	"github.com/exopool/exopool/promquery"
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
		Set: set, Short: "scale an Exoscale instance pool by what alerts ask for",
		Run: func(ctx context.Context) error {
			cfg.Warnings = set.Warnings()
			return scale(ctx, *cfg, cfg.Logging.NewLogger(stderr))
		},
		Commands: []*command.Command{whyCommand(getenv, stdout), healthcheck(getenv)},
	}
	return program.Execute(ctx, args, stdout, stderr)
}

// scale works until ctx ends.
func scale(ctx context.Context, cfg config, logger *slog.Logger) error {
	listener, err := serve.Listen(ctx, net.JoinHostPort(cfg.Host, strconv.Itoa(cfg.Port)))
	if err != nil {
		return err
	}
	return scaleOn(ctx, listener, cfg, logger)
}

// scaleOn works until ctx ends; webhooks arrive by listener.
func scaleOn(ctx context.Context, listener net.Listener, cfg config, logger *slog.Logger) error {
	defer listener.Close()
	logWarnings(cfg, listener.Addr(), logger)
	dir, err := openStateDir(cfg.Loop.StateDir, cfg.StateDir, logger)
	if err != nil {
		return err
	}
	defer dir.Close()
	cfg.Loop.StateDir = dir.path

	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	grafana, err := newAnnotations(cfg.Annotations, registry, logger)
	if err != nil {
		return err
	}
	cfg.Loop.Decided = annotateResizes(grafana)
	loop, err := newLoop(cfg, registry, logger)
	if err != nil {
		return err
	}
	logger.Info("autoscaler starts", slog.String("version", command.Version()), slog.String("zone", cfg.Loop.Zone),
		slog.String("pool", cfg.Loop.PoolName), slog.Int("min", cfg.Loop.Min), slog.Int("max", cfg.Loop.Max), slog.Int("step", cfg.Loop.Step),
		slog.Duration("interval", cfg.Loop.Interval), slog.String("state_dir", dir.path))
	logger.Info("listening", slog.String("address", listener.Addr().String()))

	server := serve.Config{Logger: logger, Namespace: "exopool_autoscaler", Registerer: registry}
	if server.Keypair, err = cfg.TLS.Load(); err != nil {
		return err
	}
	cfg.Handler.Gatherer = registry
	server.Handler = autoscale.NewHandler(loop, cfg.Handler)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return serve.Run(ctx, listener, server) })
	group.Go(func() error { return loop.Run(ctx) })
	if grafana != nil {
		group.Go(func() error { return grafana.Run(ctx) })
	}
	err = group.Wait()
	if err == nil {
		logger.Info("stopped")
	}
	return err
}

// logWarnings logs what works but is questionable.
func logWarnings(cfg config, listens net.Addr, logger *slog.Logger) {
	for _, warning := range cfg.Warnings {
		logger.Warn("questionable setting", slog.String("warning", warning))
	}
	if cfg.Loop.DryRun {
		logger.Warn("dry run: the pool is never resized, decisions show what would be done")
	}
	switch local := loopback.IsAddrPort(listens.String()); {
	case cfg.Handler.Token == "" && local:
		logger.Warn("webhooks need no token, so that only programs on this host reach the port: to open it set WEBHOOK_TOKEN or WEBHOOK_TOKEN_FILE, or without a token LISTEN_ADDRESS")
	case cfg.Handler.Token == "":
		logger.Warn("webhooks need no token: anyone who reaches the port can scale the pool; set WEBHOOK_TOKEN or WEBHOOK_TOKEN_FILE")
	case !local && !cfg.TLS.Enabled():
		logger.Warn("webhooks send their token unencrypted: name a certificate with -tls-cert and -tls-key, or put a proxy that has one in front")
	}
}

func newLoop(cfg config, registry *prometheus.Registry, logger *slog.Logger) (*autoscale.Loop, error) {
	cfg.API.Registerer, cfg.API.Logger = registry, logger
	client, err := exoscale.New(cfg.API)
	if err != nil {
		return nil, err
	}
	cfg.Loop.Pool = &namedPool{name: cfg.Loop.PoolName, client: client}
	if cfg.DrainPort != 0 {
		cfg.Loop.Drainer, err = drain.New(drain.Config{
			Checks: client.HealthCheckSources, Port: cfg.DrainPort,
			// Each turn renews it, and may come late.
			Lease: max(2*cfg.Loop.Interval+time.Minute, 3*time.Minute).Round(time.Second),
		})
		if err != nil {
			return nil, err
		}
	}
	if cfg.Prometheus.URL != "" {
		if cfg.Loop.Meter, err = promquery.New(cfg.Prometheus); err != nil {
			return nil, err
		}
	}
	if err := cfg.Policy.follow(&cfg.Loop, cfg.Prometheus); err != nil {
		return nil, err
	}
	cfg.Loop.Registerer, cfg.Loop.Logger = registry, logger
	return autoscale.New(cfg.Loop)
}
