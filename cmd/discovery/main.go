// Discovery keeps a Prometheus file_sd file equal to the members of Exoscale
// instance pools. Run it with -h for its settings.
//
// It never gives up: an API that is down, a key that is refused and a pool
// that does not exist are logged with the remedy, and tried again, because
// each of them may be put right while the program runs. The file keeps the
// last good targets meanwhile.
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

	"github.com/exopool/exopool/cmd/internal/serve"
	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/discovery"
	"github.com/exopool/exopool/exoscale"
)

func main() {
	// Faults of the settings are told by the run that follows.
	if conf, err := settings.ParseDiscovery(os.Args[1:], os.Getenv, io.Discard); err == nil {
		if err := becomeOwner(conf.File); err != nil {
			conf.Log.Logger(os.Stderr).Warn("discovery goes on as root; docker run --user names another user", slog.Any("err", err))
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// run is the program with everything it touches; it returns the exit code.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	conf, err := settings.ParseDiscovery(args, getenv, stdout)
	if err == nil {
		err = discover(ctx, conf, conf.Log.Logger(stderr))
	}
	return settings.Report(stderr, "discovery", err)
}

// discover works until ctx ends.
func discover(ctx context.Context, conf settings.Discovery, logger *slog.Logger) error {
	for _, warning := range conf.Warnings {
		logger.Warn("setting deserves a look", slog.String("warning", warning))
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))

	var listener net.Listener
	if conf.Listen != "" {
		var err error
		if listener, err = serve.Listen(ctx, conf.Listen); err != nil {
			return err
		}
		defer listener.Close()
	}
	agent, err := newAgent(conf, registry, logger)
	if err != nil {
		return err
	}
	logger.Info("discovery starts", slog.String("version", settings.Version()), slog.String("zone", conf.Zone),
		slog.String("pool", strings.Join(conf.Pools, ",")), slog.String("file", conf.File), slog.Duration("refresh", conf.Every))

	server := serve.Config{Handler: agent.Handler(registry), Logger: logger, Namespace: "exopool_discovery", Registerer: registry}
	if conf.TLS.Given() {
		if server.Keypair, err = serve.LoadKeypair(conf.TLS.Cert, conf.TLS.Key); err != nil {
			return conf.TLS.Unusable("discovery", err)
		}
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

func newAgent(conf settings.Discovery, registry *prometheus.Registry, logger *slog.Logger) (*discovery.Agent, error) {
	client, err := exoscale.New(exoscale.Config{
		Key: conf.Key, Secret: conf.Secret, Zone: conf.Zone, Endpoint: conf.Endpoint,
		ReadOnly: true, Registerer: registry, Logger: logger,
	})
	if err != nil {
		return nil, err
	}
	agent, err := discovery.New(discovery.Config{
		Lister: client.Lister(), Backends: client.Lister(), Resolver: client,
		Pools: conf.Pools, Zone: conf.Zone, File: conf.File, Port: conf.Port, Labels: conf.Labels, MemberMetrics: conf.MemberMetrics, Token: conf.Token,
		Interval: conf.Every, Timeout: conf.Timeout, MaxAge: conf.MaxAge, ForgetAfter: conf.ForgetAfter,
		// Members of an API on this computer are its processes.
		AllowLoopback: conf.Local,
		Logger:        logger, Registerer: registry,
	})
	if err != nil { // all other settings were checked before
		return nil, &settings.Error{Program: "discovery", Faults: []settings.Fault{{
			Setting: "DISCOVERY_FILE (flag -file)",
			Problem: fmt.Sprintf("is %q, which cannot be used: %v", conf.File, err),
			Remedy:  "name a file in a directory that the program may write to",
		}}}
	}
	return agent, nil
}
