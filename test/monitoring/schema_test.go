package monitoring_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/rehearsal/grafanaserver"
	"github.com/exopool/exopool/terraform/files"
)

// withGrafana is the variable that names the Grafana to use.
const withGrafana = "EXOPOOL_GRAFANA"

// startGrafana starts a Grafana with the installed files and no Prometheus, and
// returns once it has its dashboards. Without a Grafana the test is skipped.
func startGrafana(t *testing.T) (server *grafanaserver.Server, version, password string) {
	t.Helper()
	program := os.Getenv(withGrafana)
	if program == "" {
		t.Skipf("needs a Grafana: set %s to auto, or to where one is", withGrafana)
	}
	found, err := grafanaserver.Find(t.Context(), program, "")
	require.NoError(t, err)
	server, err = grafanaserver.New(grafanaserver.Config{
		Installation: found, Files: files.Monitoring(), Dir: t.TempDir(),
		// Nothing listens there, and nothing is queried.
		PrometheusURL: "http://127.0.0.1:1", AutoscalerURL: "http://127.0.0.1:1", WebhookToken: "a-token",
	})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		assert.NoError(t, <-ended)
	})
	require.Eventually(t, func() bool {
		_, err := server.Dashboards(t.Context())
		return err == nil
	}, 90*time.Second, 200*time.Millisecond, "Grafana starts")

	return server, found.Version, strings.TrimSpace(string(read(t, server.PasswordFile())))
}

func TestDashboardsFitGrafanasOwnSchema(t *testing.T) {
	t.Parallel()
	server, version, password := startGrafana(t)
	for _, path := range find(t, grafanaFiles+"/dashboards", "*.json") {
		body, err := json.Marshal(map[string]string{"dashboard": string(read(t, path))})
		require.NoError(t, err)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL()+"/api/dashboards/validate", bytes.NewReader(body))
		require.NoError(t, err)
		req.SetBasicAuth(grafanaserver.User, password)
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		if resp.StatusCode == http.StatusNotFound {
			t.Skipf("Grafana %s does not offer to validate dashboards", version)
		}
		var answer struct {
			IsValid bool
			Message string
		}
		require.NoError(t, json.NewDecoder(resp.Body).Decode(&answer))
		assert.True(t, answer.IsValid, "%s: %.2000s", path, answer.Message)
	}
}
