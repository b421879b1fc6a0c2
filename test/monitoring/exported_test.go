package monitoring_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/discovery"
	"github.com/exopool/exopool/exoscale"
	"github.com/exopool/exopool/fake"
)

// A catalog is a registerer that keeps the names of metrics.
type catalog map[string]bool

// Register implements [prometheus.Registerer].
func (c catalog) Register(collector prometheus.Collector) error {
	descs := make(chan *prometheus.Desc)
	go func() {
		defer close(descs)
		collector.Describe(descs)
	}()
	for desc := range descs {
		_, rest, _ := strings.Cut(desc.String(), `fqName: "`)
		name, _, _ := strings.Cut(rest, `"`)
		c[name], c[name+"_bucket"], c[name+"_count"] = true, true, true
	}
	return nil
}

// MustRegister implements [prometheus.Registerer].
func (c catalog) MustRegister(all ...prometheus.Collector) {
	for _, collector := range all {
		_ = c.Register(collector) // never fails
	}
}

// Unregister implements [prometheus.Registerer].
func (catalog) Unregister(prometheus.Collector) bool { return false }

// exportedMetrics returns the names of metrics that are scraped, those of our
// programs from their own registries.
func exportedMetrics(t *testing.T) map[string]bool {
	t.Helper()
	names := catalog{}
	client, err := exoscale.New(exoscale.Config{Key: "EXO0", Secret: "secret", Zone: "at-vie-1", Registerer: names})
	require.NoError(t, err)
	_, err = autoscale.New(autoscale.Config{
		Pool: fake.NewPool("web", 1, nil), StateDir: t.TempDir(), Registerer: names,
	})
	require.NoError(t, err)
	_, err = discovery.New(discovery.Config{
		Lister: client.Lister(), Pools: []string{"web"}, File: filepath.Join(t.TempDir(), "config.json"),
		MemberMetrics: true, Registerer: names,
	})
	require.NoError(t, err)
	names.MustRegister(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, name := range []string{
		"up", "scrape_duration_seconds", // Prometheus adds them to each target
		"node_cpu_seconds_total",                                                            // node exporter
		"prometheus_rule_evaluation_failures_total", "prometheus_tsdb_storage_blocks_bytes", // itself
		// The application, if it counts requests: common names for that.
		"http_requests_total", "http_request_duration_seconds_count",
		"http_server_request_duration_seconds_count", "http_server_requests_seconds_count",
	} {
		names[name] = true
	}
	return names
}
