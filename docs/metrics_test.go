package docs_test

import (
	"cmp"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/exopool/exopool/annotate"
	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/discovery"
	"github.com/exopool/exopool/exoscale"
	"github.com/exopool/exopool/fake"
)

// A metric is what a program exports.
type metric struct{ name, kind, help, labels string }

// unit returns what a value of the metric counts.
func (m metric) unit() string {
	switch {
	case strings.HasSuffix(m.name, "_timestamp_seconds"):
		return "seconds since 1970"
	case strings.HasSuffix(m.name, "_seconds"):
		return "seconds"
	case strings.HasPrefix(m.help, "1 "), strings.HasPrefix(m.help, "Whether"):
		return "0 or 1"
	case strings.Contains(m.name, "_budget_"):
		return "money, in `-budget-currency`"
	case strings.HasSuffix(m.name, "_members"), strings.Contains(m.name, "_members_"), strings.Contains(m.name, "_pool_size"), strings.HasSuffix(m.name, "_bound"):
		return "members"
	}
	return "count"
}

// A metricCollector registers no metrics and collects what is known of them.
type metricCollector struct{ metrics map[string]metric }

var _ prometheus.Registerer = metricCollector{}

// descPattern reads a description, whose fields are not exported.
var descPattern = regexp.MustCompile(`fqName: "([^"]*)", help: "((?:[^"\\]|\\.)*)".*variableLabels: \{(.*)\}\}$`)

func (r metricCollector) Register(c prometheus.Collector) error {
	descs := make(chan *prometheus.Desc, 1000)
	c.Describe(descs)
	close(descs)
	for desc := range descs {
		found := descPattern.FindStringSubmatch(desc.String())
		r.metrics[found[1]] = metric{name: found[1], kind: kind(c), help: strings.ReplaceAll(found[2], `\"`, `"`), labels: found[3]}
	}
	return nil
}

// kind returns the type of what a collector collects. Collectors of our own and
// functions are gauges.
func kind(c prometheus.Collector) string {
	switch c.(type) {
	case *prometheus.HistogramVec, prometheus.Histogram:
		return "histogram"
	case prometheus.Gauge: // has all methods of a counter, too
		return "gauge"
	case *prometheus.CounterVec, prometheus.Counter:
		return "counter"
	}
	return "gauge"
}

func (r metricCollector) MustRegister(cs ...prometheus.Collector) {
	for _, c := range cs {
		_ = r.Register(c) // never fails
	}
}

func (metricCollector) Unregister(prometheus.Collector) bool { return false }

// exportedMetrics returns the metrics of the two programs, sorted by name.
func exportedMetrics(t *testing.T) []metric {
	t.Helper()
	r := metricCollector{metrics: map[string]metric{}}
	client, err := exoscale.New(exoscale.Config{Key: "EXOkey", Secret: "secret", Zone: "at-vie-1", Registerer: r})
	require.NoError(t, err)
	_, err = discovery.New(discovery.Config{
		Lister: client.Lister(), Pools: []string{"web"}, File: filepath.Join(t.TempDir(), "config.json"),
		MemberMetrics: true, Registerer: r,
	})
	require.NoError(t, err)
	_, err = autoscale.New(autoscale.Config{Pool: fake.NewPool("web", 1, nil), Registerer: r})
	require.NoError(t, err)
	_, err = annotate.New(annotate.Config{URL: "http://127.0.0.1:3000", Token: "secret", Registerer: r, Namespace: "exopool_autoscaler"})
	require.NoError(t, err)
	served := regexp.MustCompile(`(?:gauge\(|Name: )"([a-z_]+)",\s+(?:Help: )?"([^"]+)"`).
		FindAllStringSubmatch(string(read(t, filepath.Join(root, "cmd/internal/serve/metrics.go"))), -1)
	require.NotEmpty(t, served)
	for _, found := range served { // of both programs
		for _, namespace := range []string{"exopool_autoscaler_", "exopool_discovery_"} {
			m := metric{name: namespace + found[1], kind: "gauge", help: found[2]}
			if strings.HasSuffix(m.name, "_total") {
				m.kind = "counter"
			}
			r.metrics[m.name] = m
		}
	}
	return slices.SortedFunc(maps.Values(r.metrics), func(a, b metric) int { return cmp.Compare(a.name, b.name) })
}

// A recording is a series that Prometheus' rules record.
type recording struct{ Record, Expr, file string }

// recordings returns the series that the rules of the installation record.
func recordings(t *testing.T) []recording {
	t.Helper()
	rules, err := filepath.Glob(filepath.Join(root, "terraform/files/monitoring/etc/exopool/rules/*.yml"))
	require.NoError(t, err)
	var all []recording
	for _, path := range rules {
		var file struct{ Groups []struct{ Rules []recording } }
		require.NoError(t, yaml.Unmarshal(read(t, path), &file))
		for _, group := range file.Groups {
			for _, rule := range group.Rules {
				rule.file = filepath.Base(path)
				all = append(all, rule)
			}
		}
	}
	require.NotEmpty(t, all)
	return all
}

// metricNames returns the metrics that the programs export and the rules record.
func metricNames(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for _, m := range exportedMetrics(t) {
		names[m.name] = true
	}
	for _, rule := range recordings(t) {
		names[rule.Record] = true
	}
	return names
}
