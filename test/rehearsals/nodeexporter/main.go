//go:build linux

// Nodeexporter is the node exporter as its vendor's image has it, for tests where
// that image cannot be downloaded: the collectors and flags are the vendor's.
package main

import (
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/node_exporter/collector"
)

func main() {
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if err := run(logger); err != nil {
		logger.Error("node exporter ended", "err", err)
		os.Exit(1)
	}
}

func run(logger *slog.Logger) error {
	kingpin.Parse()
	node, err := collector.NewNodeCollector(logger)
	if err != nil {
		return err
	}
	metrics := prometheus.NewRegistry()
	if err := metrics.Register(node); err != nil {
		return err
	}
	http.Handle("/metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}))
	server := &http.Server{Addr: ":9100", ReadHeaderTimeout: 10 * time.Second}
	return server.ListenAndServe()
}
