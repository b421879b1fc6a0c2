package member

import (
	"fmt"
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// newExporter answers like the node exporter with its CPU collector and no other,
// as started with --collector.disable-defaults --collector.cpu. Its metrics and
// the code that reads the procfs directory are the node exporter's, and a test
// compares the answers; the program itself would make this one a sixth larger.
func newExporter(procfs string, logger *slog.Logger) (http.Handler, error) {
	collector, err := newCPUCollector(procfs, logger)
	if err != nil {
		return nil, fmt.Errorf("set up node exporter: %w", err)
	}
	registry := prometheus.NewRegistry()
	if err := registry.Register(collector); err != nil {
		return nil, fmt.Errorf("set up node exporter: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorLog:      slog.NewLogLogger(logger.Handler(), slog.LevelError),
		ErrorHandling: promhttp.ContinueOnError,
	}))
	return mux, nil
}
