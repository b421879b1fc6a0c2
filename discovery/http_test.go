package discovery_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func noMetrics() *prometheus.Registry { return prometheus.NewPedanticRegistry() }

func get(t *testing.T, h http.Handler, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	return send(t, h, http.MethodGet, path, header...)
}

func send(t *testing.T, h http.Handler, method, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
	for pair := range slices.Chunk(header, 2) {
		r.Header.Set(pair[0], pair[1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// metric sums the samples of a metric that bear all the label values.
func metric(t *testing.T, g prometheus.Gatherer, name string, values ...string) float64 {
	t.Helper()
	families, err := g.Gather()
	require.NoError(t, err)
	sum := 0.0
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, m := range family.GetMetric() {
			var have []string
			for _, label := range m.GetLabel() {
				have = append(have, label.GetValue())
			}
			if !slices.ContainsFunc(values, func(v string) bool { return !slices.Contains(have, v) }) {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum
}

func TestTargetsOverHTTPAreTheBytesOfTheFile(t *testing.T) {
	c := newCloud().grow("web", "192.0.2.1")
	cfg := config(t, c)
	agent := newAgent(t, cfg)
	h := agent.Handler(noMetrics())
	assert.Equal(t, http.StatusServiceUnavailable, get(t, h, "/targets").Code, "nothing is known yet")

	require.NoError(t, agent.RunOnce(t.Context()))
	w := get(t, h, "/targets")
	assert.Equal(t, http.StatusOK, w.Code)
	assert.Equal(t, "application/json", w.Header().Get("Content-Type"))
	assert.Equal(t, read(t, cfg.File), w.Body.String())

	head := send(t, h, http.MethodHead, "/targets")
	assert.Equal(t, http.StatusOK, head.Code)
	assert.Empty(t, head.Body.String())
}

func TestReaderWithCurrentTargetsGets304(t *testing.T) {
	c := newCloud().grow("web", "192.0.2.1")
	agent := newAgent(t, config(t, c))
	h := agent.Handler(noMetrics())
	require.NoError(t, agent.RunOnce(t.Context()))
	tag := get(t, h, "/targets").Header().Get("ETag")
	require.NotEmpty(t, tag)
	for _, header := range []string{tag, "W/" + tag, `"x", ` + tag, "*"} {
		w := get(t, h, "/targets", "If-None-Match", header)
		assert.Equal(t, http.StatusNotModified, w.Code, header)
		assert.Empty(t, w.Body.String())
	}
	c.grow("web", "192.0.2.2")
	require.NoError(t, agent.RunOnce(t.Context()))
	w := get(t, h, "/targets", "If-None-Match", tag)
	assert.Equal(t, http.StatusOK, w.Code)
	assert.NotEqual(t, tag, w.Header().Get("ETag"))
}

func TestOtherMethodsAndPathsAreRefused(t *testing.T) {
	h := newAgent(t, config(t, newCloud())).Handler(noMetrics())
	for _, path := range []string{"/targets", "/healthz", "/readyz", "/metrics"} {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
			assert.Equal(t, http.StatusMethodNotAllowed, send(t, h, method, path).Code, "%s %s", method, path)
		}
	}
	assert.Equal(t, http.StatusNotFound, get(t, h, "/other").Code)
	assert.Equal(t, http.StatusNotFound, get(t, h, "/targets/").Code)
}

func TestMetricsShowTheStateOfTheAgent(t *testing.T) {
	c := newCloud().grow("web", "192.0.2.1", "192.0.2.2", "")
	reg := prometheus.NewPedanticRegistry()
	cfg := config(t, c)
	cfg.Registerer = reg
	agent := newAgent(t, cfg)
	require.NoError(t, agent.RunOnce(t.Context()))
	require.NoError(t, agent.RunOnce(t.Context()))
	c.leave(1) // one leaves, two join
	c.grow("web", "192.0.2.7", "192.0.2.8")
	require.NoError(t, agent.RunOnce(t.Context()))

	const want = `
# HELP exopool_discovery_file_writes_total How often the targets file was replaced.
# TYPE exopool_discovery_file_writes_total counter
exopool_discovery_file_writes_total 2
# HELP exopool_discovery_skipped_members Members of a pool that are not targets because they have no public address.
# TYPE exopool_discovery_skipped_members gauge
exopool_discovery_skipped_members{pool="web"} 1
# HELP exopool_discovery_target_changes_total Targets that were added or removed, by change.
# TYPE exopool_discovery_target_changes_total counter
exopool_discovery_target_changes_total{change="added"} 4
exopool_discovery_target_changes_total{change="removed"} 1
# HELP exopool_discovery_targets Targets published for a pool.
# TYPE exopool_discovery_targets gauge
exopool_discovery_targets{pool="web"} 3
`
	require.NoError(t, testutil.GatherAndCompare(reg, strings.NewReader(want),
		"exopool_discovery_file_writes_total", "exopool_discovery_skipped_members",
		"exopool_discovery_target_changes_total", "exopool_discovery_targets"))
	assert.Positive(t, metric(t, reg, "exopool_discovery_last_success_timestamp_seconds"))

	problems, err := testutil.GatherAndLint(reg)
	require.NoError(t, err)
	assert.Empty(t, problems)
	assert.Contains(t, get(t, agent.Handler(reg), "/metrics").Body.String(), "exopool_discovery_refresh_duration_seconds_count 3")
}

func TestTargetsStayOverARestart(t *testing.T) {
	c := newCloud().grow("web", "192.0.2.1", "192.0.2.2")
	cfg := config(t, c)
	require.NoError(t, newAgent(t, cfg).RunOnce(t.Context()))
	before, err := os.Stat(cfg.File)
	require.NoError(t, err)
	want := read(t, cfg.File)

	c.fail("Instances", assert.AnError)
	agent := newAgent(t, cfg)
	require.Error(t, agent.RunOnce(t.Context()))
	h := agent.Handler(noMetrics())
	assert.Equal(t, want, read(t, cfg.File))
	assert.Equal(t, want, get(t, h, "/targets").Body.String(), "served before the first success")
	assert.Equal(t, http.StatusServiceUnavailable, get(t, h, "/readyz").Code, "but their age is unknown")

	c.fail("Instances", nil)
	require.NoError(t, agent.RunOnce(t.Context()))
	after, err := os.Stat(cfg.File)
	require.NoError(t, err)
	assert.True(t, os.SameFile(before, after), "the same targets do not touch the file")
}

func TestReadersNeedTheTokenIfThereIsOne(t *testing.T) {
	cfg := config(t, newCloud().grow("web", "192.0.2.1"))
	reg := prometheus.NewPedanticRegistry()
	cfg.Token, cfg.Registerer = "s3cret", reg
	agent := newAgent(t, cfg)
	require.NoError(t, agent.RunOnce(t.Context()))
	h := agent.Handler(reg)
	for _, path := range []string{"/healthz", "/readyz"} {
		assert.Equal(t, http.StatusOK, get(t, h, path).Code, path)
	}
	for _, path := range []string{"/targets", "/metrics"} {
		refused := get(t, h, path)
		assert.Equal(t, http.StatusUnauthorized, refused.Code, path)
		assert.Contains(t, refused.Header().Values("WWW-Authenticate"), `Bearer realm="discovery"`)
		assert.Equal(t, http.StatusOK, get(t, h, path, "Authorization", "Bearer s3cret").Code, path)
		assert.Equal(t, http.StatusMethodNotAllowed, send(t, h, http.MethodPost, path).Code, path)
	}
	other := httptest.NewRequest(http.MethodGet, "/targets?token=x", nil)
	other.RemoteAddr = "198.51.100.7:1"
	for range 12 {
		h.ServeHTTP(httptest.NewRecorder(), other)
	}
	assert.InDelta(t, 11, metric(t, reg, "exopool_discovery_requests_refused_total", "/targets", "refused"), 0)
	assert.InDelta(t, 2, metric(t, reg, "exopool_discovery_requests_refused_total", "/targets", "rate-limited"), 0)
	assert.InDelta(t, 1, metric(t, reg, "exopool_discovery_requests_refused_total", "/metrics", "refused"), 0)
}

// TestRootSaysWhatThereIs, and no other path is taken for it.
func TestRootSaysWhatThereIs(t *testing.T) {
	h := newAgent(t, config(t, newCloud())).Handler(noMetrics())
	root := get(t, h, "/")
	assert.Equal(t, 200, root.Code)
	assert.Equal(t, "text/plain; charset=utf-8", root.Header().Get("Content-Type"))
	for _, path := range []string{"/targets", "/metrics", "/healthz", "/readyz"} {
		assert.Contains(t, root.Body.String(), "\n"+path+" ")
		assert.NotEqual(t, 404, get(t, h, path).Code, path)
	}
	assert.Equal(t, 404, get(t, h, "/other").Code)
}
