package member

import (
	"fmt"
	"log/slog"
	"net/http"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/node_exporter/collector"
)

// newExporter is the node exporter with its CPU collector and no other, as
// started with --collector.disable-defaults --collector.cpu. The collectors
// take their settings from global flags, so a process has one exporter.
func newExporter(procfs, sysfs string, logger *slog.Logger) (http.Handler, error) {
	flags := []string{"--path.procfs=" + procfs, "--path.sysfs=" + sysfs, "--collector.cpu"}
	if _, err := kingpin.CommandLine.Parse(flags); err != nil {
		return nil, fmt.Errorf("set up node exporter: %w", err)
	}
	collector.DisableDefaultCollectors()
	node, err := collector.NewNodeCollector(logger)
	if err != nil {
		return nil, fmt.Errorf("set up node exporter: %w", err)
	}
	registry := prometheus.NewRegistry()
	if err := registry.Register(node); err != nil {
		return nil, fmt.Errorf("set up node exporter: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorLog:      slog.NewLogLogger(logger.Handler(), slog.LevelError),
		ErrorHandling: promhttp.ContinueOnError,
	}))
	return mux, nil
}
