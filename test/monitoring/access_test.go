//go:build linux

package monitoring_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/rehearsal/grafanaserver"
)

// ask sends a request, with this password of the administrator unless it is
// empty, and returns the answer's status, header and body.
func ask(t *testing.T, method, address, password string) (int, http.Header, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, http.NoBody)
	require.NoError(t, err)
	if password != "" {
		req.SetBasicAuth(grafanaserver.User, password)
	}
	req.Header.Set("Origin", "http://elsewhere.example")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, resp.Header, string(body)
}

func TestPrometheusTakesQuestionsOnly(t *testing.T) {
	t.Parallel()
	s := newServer(t, 96)
	s.prometheus(t, tool(t, "prometheus"), "")
	base := "http://" + s.address + ":9090"
	for _, path := range []string{
		"/api/v1/admin/tsdb/delete_series?match[]=up", "/api/v1/admin/tsdb/clean_tombstones", "/api/v1/admin/tsdb/snapshot",
		"/-/quit", "/-/reload", "/api/v1/write",
	} {
		status, _, body := ask(t, http.MethodPost, base+path, "")
		assert.GreaterOrEqual(t, status, 400, "%s: %s", path, body)
	}
	status, header, _ := ask(t, http.MethodGet, base+"/api/v1/query?query=up", "")
	assert.Equal(t, http.StatusOK, status)
	assert.NotEqual(t, "http://elsewhere.example", header.Get("Access-Control-Allow-Origin"), "other sites cannot read it through a browser")
	assert.NotEqual(t, "*", header.Get("Access-Control-Allow-Origin"))

	_, _, flags := ask(t, http.MethodGet, base+"/api/v1/status/flags", "")
	var answer struct{ Data map[string]string }
	require.NoError(t, json.Unmarshal([]byte(flags), &answer))
	for name, value := range map[string]string{
		"query.max-samples": "5000000", "query.timeout": "10s", "query.max-concurrency": "20",
		"web.enable-admin-api": "false", "web.enable-lifecycle": "false", "web.enable-remote-write-receiver": "false",
	} {
		assert.Equal(t, value, answer.Data[name], name)
	}
	status, _, body := ask(t, http.MethodGet, base+"/api/v1/query?query="+
		"max_over_time(vector(1)[2h:1ms])", "")
	assert.Equal(t, http.StatusUnprocessableEntity, status, body)
	assert.Contains(t, body, "too many samples")
}

func TestGrafanaShowsNothingWithoutAPassword(t *testing.T) {
	t.Parallel()
	server, _, password := startGrafana(t)
	for _, path := range []string{
		"/api/search", "/api/dashboards/uid/exopool-pool", "/api/datasources", "/api/org", "/api/user", "/api/snapshots",
		"/api/v1/provisioning/alert-rules", "/api/datasources/proxy/uid/prometheus/api/v1/query?query=up",
	} {
		status, _, body := ask(t, http.MethodGet, server.URL()+path, "")
		assert.Contains(t, []int{http.StatusUnauthorized, http.StatusNotFound}, status, "%s: %s", path, body)
	}
	for _, path := range []string{"/api/user/signup", "/api/snapshots/shared-options", "/api/public/dashboards/x"} {
		status, _, body := ask(t, http.MethodGet, server.URL()+path, "")
		assert.NotEqual(t, http.StatusOK, status, "%s: %s", path, body)
	}
	_, _, metrics := ask(t, http.MethodGet, server.URL()+"/metrics", "")
	assert.NotContains(t, metrics, "grafana_", "its metrics tell of users and versions")
	_, _, health := ask(t, http.MethodGet, server.URL()+"/api/health", "")
	assert.NotContains(t, health, "commit", "the version is not public")

	_, _, text := ask(t, http.MethodGet, server.URL()+"/api/admin/settings", password)
	var settings map[string]map[string]string
	require.NoError(t, json.Unmarshal([]byte(text), &settings), text)
	assert.Equal(t, "12h", settings["auth"]["login_maximum_inactive_lifetime_duration"])
	assert.Equal(t, "strict", settings["security"]["cookie_samesite"])
	assert.Equal(t, "false", settings["plugins"]["plugin_admin_enabled"])
}

func TestWrongPasswordsLockTheLogin(t *testing.T) {
	t.Parallel()
	server, _, password := startGrafana(t)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	session := &http.Client{Jar: jar}
	login, err := json.Marshal(map[string]string{"user": grafanaserver.User, "password": password})
	require.NoError(t, err)
	resp, err := session.Post(server.URL()+"/login", "application/json", bytes.NewReader(login))
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode)
	org := server.URL() + "/api/org"
	status, _, _ := ask(t, http.MethodGet, org, password)
	require.Equal(t, http.StatusOK, status)
	tried := 0
	for ; status == http.StatusOK; tried++ {
		require.Less(t, tried, 20, "the login is still open")
		wrong, _, _ := ask(t, http.MethodGet, org, "guess"+strings.Repeat("x", tried))
		require.Equal(t, http.StatusUnauthorized, wrong)
		if tried < 4 {
			continue // asking with the right one in between would not count
		}
		status, _, _ = ask(t, http.MethodGet, org, password)
	}
	assert.Equal(t, 5, tried, "wrong passwords before the right one is refused, too")

	// Who was in stays in, and alerts are evaluated as before.
	locked := time.Now()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		resp, err := session.Get(server.URL() + "/api/prometheus/grafana/api/v1/rules")
		require.NoError(c, err)
		defer resp.Body.Close()
		var rules struct {
			Data struct {
				Groups []struct {
					Name           string
					LastEvaluation time.Time
				}
			}
		}
		require.NoError(c, json.NewDecoder(resp.Body).Decode(&rules))
		require.Len(c, rules.Data.Groups, 2)
		for _, group := range rules.Data.Groups {
			assert.True(c, group.LastEvaluation.After(locked), group.Name)
		}
	}, 90*time.Second, 500*time.Millisecond)
}
