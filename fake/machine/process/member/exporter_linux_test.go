package member_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/node_exporter/collector"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/process/member"
)

// TestExporterAnswersLikeTheNodeExporter compares it with the program whose place
// it takes, for a member's file and for one that cannot be read.
func TestExporterAnswersLikeTheNodeExporter(t *testing.T) {
	dir := t.TempDir()
	sysfs := filepath.Join(dir, "sys")
	require.NoError(t, os.MkdirAll(filepath.Join(sysfs, "devices", "system", "cpu", "cpu0"), 0o700))
	genuine := nodeExporter(t, dir, sysfs)
	ours, err := member.NewExporter(dir, slog.New(slog.DiscardHandler))
	require.NoError(t, err)

	for name, stat := range map[string]string{
		"a member": "cpu  123 0 0 4567 0 0 0 0 0 0\ncpu0 123 0 0 4567 0 0 0 0 0 0\nbtime 1764000000\n",
		"every mode of two CPUs": "cpu  22 44 66 88 110 132 154 176 198 220\n" +
			"cpu0 10 20 30 40 50 60 70 80 90 100\ncpu1 12 24 36 48 60 72 84 96 108 120\nbtime 1764000000\n",
		"nonsense": "cpu0 many\n",
		"nothing":  "",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "stat"), []byte(stat), 0o600))
		for _, accept := range []string{"", "application/openmetrics-text;version=1.0.0"} {
			want, wantType := scrape(t, genuine, accept)
			got, gotType := scrape(t, ours, accept)
			assert.Equal(t, want, got, name)
			assert.Equal(t, wantType, gotType, name)
		}
	}
}

// nodeExporter is the program's own code. It takes settings from flags of the
// process, so that a process has one.
func nodeExporter(t *testing.T, procfs, sysfs string) http.Handler {
	t.Helper()
	_, err := kingpin.CommandLine.Parse([]string{"--path.procfs=" + procfs, "--path.sysfs=" + sysfs, "--collector.cpu"})
	require.NoError(t, err)
	collector.DisableDefaultCollectors()
	node, err := collector.NewNodeCollector(slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	registry := prometheus.NewRegistry()
	require.NoError(t, registry.Register(node))
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

// tookTime is the line that differs each time.
var tookTime = regexp.MustCompile(`(node_scrape_collector_duration_seconds\{collector="cpu"\}) \S+`)

func scrape(t *testing.T, exporter http.Handler, accept string) (text, contentType string) {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil)
	if accept != "" {
		req.Header.Set("Accept", accept)
	}
	w := httptest.NewRecorder()
	exporter.ServeHTTP(w, req)
	assert.Equal(t, http.StatusOK, w.Code)
	return tookTime.ReplaceAllString(w.Body.String(), "$1 0"), w.Header().Get("Content-Type")
}
