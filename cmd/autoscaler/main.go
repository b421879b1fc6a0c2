// Autoscaler scales an Exoscale instance pool by what alert webhooks ask for.
// Run it with -h for its settings.
//
// It never gives up: an API that is down, a key that is refused and a pool
// that does not exist are logged with the remedy in every turn, and tried
// again, because each of them may be put right while the program runs.
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

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/sync/errgroup"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/cmd/internal/serve"
	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/exoscale"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// run is the program with everything it touches; it returns the exit code.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	conf, err := settings.ParseAutoscaler(args, getenv, stdout)
	if err == nil {
		err = scale(ctx, conf, conf.Log.Logger(stderr))
	}
	return settings.Report(stderr, "autoscaler", err)
}

// scale works until ctx ends.
func scale(ctx context.Context, conf settings.Autoscaler, logger *slog.Logger) error {
	listener, err := serve.Listen(ctx, net.JoinHostPort(conf.ListenHost, strconv.Itoa(conf.ListenPort)))
	if err != nil {
		return err
	}
	return scaleOn(ctx, listener, conf, logger)
}

// scaleOn works until ctx ends, with webhooks that come in by listener.
func scaleOn(ctx context.Context, listener net.Listener, conf settings.Autoscaler, logger *slog.Logger) error {
	defer listener.Close()
	warn(conf, listener.Addr(), logger)
	dir, err := openStateDir(conf.StateDir, conf.StateDirGiven, logger)
	if err != nil {
		return err
	}
	defer dir.Close()

	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	loop, err := newLoop(conf, dir.path, registry, logger)
	if err != nil {
		return err
	}
	logger.Info("autoscaler starts", slog.String("version", settings.Version()), slog.String("zone", conf.Zone),
		slog.String("pool", conf.Pool), slog.Int("min", conf.Min), slog.Int("max", conf.Max), slog.Int("step", conf.Step),
		slog.Duration("interval", conf.Every), slog.String("state_dir", dir.path))
	logger.Info("listening", slog.String("address", listener.Addr().String()))

	server := serve.Config{Logger: logger, Namespace: "exopool_autoscaler", Registerer: registry}
	if conf.TLS.Given() {
		if server.Keypair, err = serve.LoadKeypair(conf.TLS.Cert, conf.TLS.Key); err != nil {
			return conf.TLS.Unusable("autoscaler", err)
		}
	}
	server.Handler = autoscale.NewHandler(loop, autoscale.HandlerConfig{
		Token: conf.Token, ProtectAll: conf.ProtectAll, Gatherer: registry, Alerts: alerts(conf),
	})
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return serve.Run(ctx, listener, server) })
	group.Go(func() error { return loop.Run(ctx) })
	err = group.Wait()
	if err == nil {
		logger.Info("stopped")
	}
	return err
}

// alerts returns those that count, or nil for all.
func alerts(conf settings.Autoscaler) map[autoscale.Direction][]string {
	if conf.UpAlerts == nil {
		return nil
	}
	return map[autoscale.Direction][]string{autoscale.Up: conf.UpAlerts, autoscale.Down: conf.DownAlerts}
}

func warn(conf settings.Autoscaler, listens net.Addr, logger *slog.Logger) {
	for _, warning := range conf.Warnings {
		logger.Warn("setting deserves a look", slog.String("warning", warning))
	}
	if conf.DryRun {
		logger.Warn("dry run: the pool is never resized, decisions tell what would be done")
	}
	switch local := isLoopback(listens); {
	case conf.Token == "" && local:
		logger.Warn("webhooks need no token, so that only programs on this computer reach the port: to open it set WEBHOOK_TOKEN or WEBHOOK_TOKEN_FILE, or without a token LISTEN_ADDRESS")
	case conf.Token == "":
		logger.Warn("webhooks need no token: whoever reaches the port can scale the pool; set WEBHOOK_TOKEN or WEBHOOK_TOKEN_FILE")
	case !local && !conf.TLS.Given():
		logger.Warn("webhooks bring their token unencrypted: name a certificate with -tls-cert and -tls-key, or put a proxy that has one in front")
	}
}

func isLoopback(listens net.Addr) bool {
	tcp, ok := listens.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

func newLoop(conf settings.Autoscaler, stateDir string, registry *prometheus.Registry, logger *slog.Logger) (*autoscale.Loop, error) {
	client, err := exoscale.New(exoscale.Config{
		Key: conf.Key, Secret: conf.Secret, Zone: conf.Zone, Endpoint: conf.Endpoint,
		PollInterval: conf.Poll, ReadOnly: conf.DryRun, Registerer: registry, Logger: logger,
	})
	if err != nil {
		return nil, err
	}
	return autoscale.New(autoscale.Config{
		Pool:     &namedPool{name: conf.Pool, client: client},
		PoolName: conf.Pool, Zone: conf.Zone,
		Min: conf.Min, Max: conf.Max, Step: conf.Step,
		Interval: conf.Every, Timeout: conf.Timeout, Expiry: conf.Expire, DryRun: conf.DryRun,
		StateDir: stateDir, Logger: logger, Registerer: registry,
	})
}
