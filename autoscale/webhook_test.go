package autoscale_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
)

// inbox is a webhook in front of a loop that keeps demand in memory.
func inbox(t *testing.T, token string, change ...func(*autoscale.Config)) (*autoscale.Loop, http.Handler) {
	t.Helper()
	cfg := autoscale.Config{Pool: &hooks{}}
	for _, c := range change {
		c(&cfg)
	}
	loop, err := autoscale.New(cfg)
	require.NoError(t, err)
	return loop, autoscale.NewHandler(loop, autoscale.HandlerConfig{Token: token})
}

func serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func post(path, contentType, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r
}

// counts returns how many webhooks are recorded.
func counts(loop *autoscale.Loop) [2]int {
	up, down := loop.Waiting()
	return [2]int{up.Count, down.Count}
}

func TestBodiesOfKnownSenders(t *testing.T) {
	t.Parallel()
	want := map[string]bool{ // whether it counts
		"alertmanager4-firing-up":           true,
		"alertmanager4-mixed-up":            true,
		"alertmanager4-resolved-up":         false,
		"grafana10-alerting-because-error":  false,
		"grafana10-alerting-because-nodata": false,
		"grafana10-datasource-error":        false,
		"grafana10-datasource-nodata":       false,
		"grafana10-firing-down":             true,
		"grafana10-firing-up":               true,
		"grafana10-resolved-down":           false,
		"grafana10-test-notification-api":   false,
		"grafana13-firing-up":               true,
		"legacy-alerting-up":                true,
		"legacy-no-data-down":               false,
		"legacy-ok-up":                      false,
	}
	files, err := filepath.Glob("testdata/payloads/*.json")
	require.NoError(t, err)
	require.Len(t, files, len(want))
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body, err := os.ReadFile(file)
			require.NoError(t, err)
			loop, h := inbox(t, "")
			got := serve(h, post("/up", "application/json", string(body)))
			assert.Equal(t, http.StatusOK, got.Code)
			counted, known := want[name]
			require.True(t, known)
			assert.Equal(t, counted, counts(loop)[0] == 1, got.Body.String())
		})
	}
}

func TestBodies(t *testing.T) {
	t.Parallel()
	const asJSON = "application/json"
	tests := []struct {
		rule, contentType, body string
		code                    int
		counted                 bool
	}{
		{"an empty body counts", "", "", 200, true},
		{"an empty body counts as JSON too", asJSON, " \n", 200, true},
		{"an empty object counts", asJSON, "{}", 200, true},
		{"plain text counts", "text/plain", "more, please", 200, true},
		{"a form counts", "application/x-www-form-urlencoded", "status=resolved", 200, true},
		{"JSON under another type is understood", "application/x-www-form-urlencoded", `{"status":"resolved"}`, 200, false},
		{"JSON without a type is understood", "", `{"state":"ok"}`, 200, false},
		{"a list under another type is not for us", "text/plain", `[1]`, 200, true},
		{"malformed JSON", asJSON, `{"status":`, 400, false},
		{"malformed JSON with parameters", "application/json; charset=utf-8", `{`, 400, false},
		{"malformed JSON with malformed parameters", "Application/JSON ; charset", `{`, 400, false},
		{"malformed JSON of another kind", "application/vnd.alert+json", `{`, 400, false},
		{"data after the object", asJSON, `{} {}`, 400, false},
		{"a list", asJSON, `[]`, 400, false},
		{"a string", asJSON, `"up"`, 400, false},
		{"null", asJSON, `null`, 400, false},
		{"resolved in capitals", asJSON, `{"status":"RESOLVED"}`, 200, false},
		{"state ok in capitals", asJSON, `{"state":"OK"}`, 200, false},
		{"state no_data in capitals", asJSON, `{"state":"No_Data"}`, 200, false},
		{"state alerting", asJSON, `{"state":"alerting"}`, 200, true},
		{"an empty list of alerts", asJSON, `{"status":"firing","alerts":[]}`, 200, true},
		{"an empty list of resolved alerts", asJSON, `{"status":"resolved","alerts":[]}`, 200, false},
		{"an empty list under the name of a test", asJSON, `{"alerts":[],"commonLabels":{"alertname":"TestAlert"}}`, 200, false},
		{"no list of alerts", asJSON, `{"status":"firing","alerts":null}`, 200, true},
		{"an alert without status follows the whole", asJSON, `{"alerts":[{"labels":{"alertname":"a"}}]}`, 200, true},
		{"all alerts resolved", asJSON, `{"status":"firing","alerts":[{"status":"resolved"}]}`, 200, false},
		{"a test among others", asJSON, `{"alerts":[{"status":"firing","labels":{"alertname":"TestAlert"}},{"status":"Firing"}]}`, 200, true},
		{"a common name", asJSON, `{"alerts":[{"status":"firing"}],"commonLabels":{"alertname":"DatasourceError"}}`, 200, false},
		{"a common name without a list", asJSON, `{"status":"firing","commonLabels":{"alertname":"DatasourceNoData"}}`, 200, false},
		{"a flat test", asJSON, `{"state":"alerting","ruleName":"TestAlert"}`, 200, false},
		{"unexpected types everywhere", asJSON, `{"status":1,"state":[],"ruleName":{},"commonLabels":7,"alerts":"x"}`, 200, true},
		{"unexpected types within", asJSON, `{"alerts":[{"status":true,"labels":[],"annotations":null,"values":null}]}`, 200, true},
		{"an alert that is none", asJSON, `{"alerts":[5]}`, 200, true},
		{"numbers as strings", asJSON, `{"orgId":"1","alerts":[{"status":"firing","values":{"A":"97"}}]}`, 200, true},
		{"keeping the last state for want of data", asJSON, `{"alerts":[{"status":"firing","annotations":{"grafana_state_reason":"NoData, KeepLast"}}]}`, 200, false},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			loop, h := inbox(t, "")
			got := serve(h, post("/down", tt.contentType, tt.body))
			assert.Equal(t, tt.code, got.Code, got.Body.String())
			assert.Equal(t, tt.counted, counts(loop) == [2]int{0, 1}, got.Body.String())
			assert.True(t, strings.HasPrefix(got.Header().Get("Content-Type"), "text/plain"))
		})
	}
}

func TestABodyMayHaveAMebibyteAndNoMore(t *testing.T) {
	t.Parallel()
	loop, h := inbox(t, "")
	assert.Equal(t, http.StatusOK, serve(h, post("/up", "text/plain", strings.Repeat("x", 1<<20))).Code)
	assert.Equal(t, http.StatusRequestEntityTooLarge, serve(h, post("/up", "text/plain", strings.Repeat("x", 1<<20+1))).Code)
	assert.Equal(t, [2]int{1, 0}, counts(loop))
}

func TestMethodsAndPaths(t *testing.T) {
	t.Parallel()
	tests := []struct {
		method, path string
		code         int
		allow        string
	}{
		{"GET", "/up", 200, ""},
		{"POST", "/up", 200, ""},
		{"GET", "/down", 200, ""},
		{"HEAD", "/up", 405, "GET, POST"},
		{"PUT", "/down", 405, "GET, POST"},
		{"DELETE", "/up", 405, "GET, POST"},
		{"OPTIONS", "/up", 405, "GET, POST"},
		{"GET", "/", 404, ""},
		{"GET", "/up/", 200, ""},
		{"POST", "//up", 200, ""},
		{"POST", "///down//", 200, ""},
		{"POST", "/up?x", 200, ""},
		{"POST", "/up/?x=y", 200, ""},
		{"PUT", "//up", 405, "GET, POST"},
		{"GET", "/UP", 404, ""},
		{"GET", "/upx", 404, ""},
		{"GET", "/up/down", 404, ""},
		{"GET", "/x/up", 404, ""},
		{"GET", "/up/..", 404, ""},
		{"GET", "//decisions", 404, ""},
		{"POST", "/decisions", 405, "GET"},
		{"HEAD", "/decisions", 405, "GET"},
		{"GET", "/decisions", 200, ""},
		{"GET", "/healthz", 200, ""},
		{"HEAD", "/healthz", 200, ""},
		{"POST", "/healthz", 405, "GET, HEAD"},
		{"POST", "/readyz", 405, "GET, HEAD"},
		{"POST", "/metrics", 405, "GET, HEAD"},
		{"GET", "/metrics", 404, ""},
	}
	for _, tt := range tests {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			t.Parallel()
			_, h := inbox(t, "")
			got := serve(h, httptest.NewRequest(tt.method, "http://localhost"+tt.path, nil))
			assert.Equal(t, tt.code, got.Code)
			assert.Equal(t, tt.allow, got.Header().Get("Allow"))
		})
	}
}

func TestTheTokenIsAskedFor(t *testing.T) {
	t.Parallel()
	const secret = "s3cret+with/odd=chars"
	header := func(value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", value) }
	}
	query := func(raw string) func(*http.Request) { return func(r *http.Request) { r.URL.RawQuery = raw } }
	basic := func(user, password string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(user, password) }
	}
	tests := []struct {
		rule string
		with func(*http.Request)
		ok   bool
	}{
		{"nothing", func(*http.Request) {}, false},
		{"bearer", header("Bearer " + secret), true},
		{"bearer in lower case", header("bearer " + secret), true},
		{"wrong bearer", header("Bearer " + secret + "x"), false},
		{"start of the secret", header("Bearer " + secret[:5]), false},
		{"empty bearer", header("Bearer "), false},
		{"the secret without a scheme", header(secret), false},
		{"basic password", basic("anyone", secret), true},
		{"wrong basic password", basic("anyone", "x"), false},
		{"the secret as user", basic(secret, ""), false},
		{"query", query("token=s3cret%2Bwith%2Fodd%3Dchars"), true},
		{"wrong query", query("token=x"), false},
		{"empty query", query("token="), false},
		{"broken query", query("token=%zz"), false},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			var logs bytes.Buffer
			loop, h := inbox(t, secret, func(c *autoscale.Config) {
				c.Logger = slog.New(slog.NewTextHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
			})
			r := httptest.NewRequest(http.MethodGet, "/up", nil)
			tt.with(r)
			got := serve(h, r)
			assert.NotContains(t, logs.String()+got.Body.String(), "s3cret")
			if tt.ok {
				assert.Equal(t, http.StatusOK, got.Code)
				assert.Equal(t, [2]int{1, 0}, counts(loop))
				return
			}
			assert.Equal(t, http.StatusUnauthorized, got.Code)
			assert.Equal(t, [2]int{0, 0}, counts(loop))
			assert.Equal(t, []string{`Bearer realm="autoscaler"`, `Basic realm="autoscaler"`}, got.Header().Values("WWW-Authenticate"))
		})
	}
}

func TestAFailingDiskIsNoReasonToRefuseAWebhook(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.breakDisk()
	h := autoscale.NewWebhook(w.loop, "")
	assert.Equal(t, http.StatusOK, serve(h, post("/up", "", "")).Code)
	assert.Equal(t, autoscale.ReasonStepUp, w.turn().Reason)
}
