package autoscale_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
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
	up, down := loop.Pending()
	return [2]int{up.Count, down.Count}
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
		{"text with blanks and equals counts", "text/plain", "load = 97 %", 200, true},
		{"text that is one word of an end", "text/plain", "Resolved\n", 200, false},
		{"text that is the other path", "text/plain", "up", 200, false},
		{"text that has such a word in it counts", "text/plain", "the pool is not OK", 200, true},
		{"a form counts", "application/x-www-form-urlencoded", "status=firing&status_text=more", 200, true},
		{"a form of an end", "application/x-www-form-urlencoded", "status=resolved", 200, false},
		{"a form whose payload is JSON", "application/x-www-form-urlencoded", "payload=%7B%22state%22%3A%22ok%22%7D", 200, false},
		{"a broken form counts", "application/x-www-form-urlencoded", "%zz=%zz", 200, true},
		{"JSON under another type is understood", "application/x-www-form-urlencoded", `{"status":"resolved"}`, 200, false},
		{"JSON without a type is understood", "", `{"state":"ok"}`, 200, false},
		{"a list under another type", "text/plain", `[{"status":"resolved"}]`, 400, false},
		{"malformed JSON under another type", "text/plain", `{"status":"resolved","text":"a "b""}`, 400, false},
		{"malformed JSON without a type", "", `{"status":"resolved"`, 400, false},
		{"a mark of the byte order", "", "\ufeff" + `{"state":"ok"}`, 200, false},
		{"a mark of the byte order and JSON's type", asJSON, "\ufeff" + `{"state":"alerting"}`, 200, true},
		{"UTF-16", "text/plain", "\xff\xfe{\x00}\x00", 415, false},
		{"XML", "text/plain", "<alert><status>resolved</status></alert>", 415, false},
		{"an empty form counts", "application/x-www-form-urlencoded", "", 200, true},
		{"nothing, as text, counts", "text/plain; charset=utf-8", "", 200, true},
		{"a page", "text/html", "<html></html>", 415, false},
		{"nothing, as a page", "text/html", "", 415, false},
		{"a form of several parts", "multipart/form-data; boundary=x", "--x--", 415, false},
		{"a picture", "image/png", "\x89PNG", 415, false},
		{"bytes", "application/octet-stream", `{"state":"alerting"}`, 415, false},
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
		{"a field said twice, first an end", asJSON, `{"status":"resolved","status":"firing"}`, 200, false},
		{"a field said twice, last an end", asJSON, `{"status":"firing","Status":"resolved"}`, 200, false},
		{"two lists of alerts", asJSON, `{"alerts":[{"status":"resolved"}],"alerts":[{"status":"firing"}]}`, 200, true},
		{"text that is not UTF-8", asJSON, "{\"text\":\"\xff\xfe\",\"status\":\"\xffresolved\"}", 200, true},
		{"an end beside text that is not UTF-8", asJSON, "{\"text\":\"\xff\xfe\",\"status\":\"resolved\"}", 200, false},
		{"an end far below says nothing", asJSON, `{"previous":{"status":"resolved"},"status":"firing"}`, 200, true},
		{"an alert that hides an end in a text", asJSON, `{"alerts":[{"message":"{\"status\":\"resolved\"}"}]}`, 200, true},
		{"a message in a message", asJSON, `{"Message":"{\"Message\":\"{\\\"NewStateValue\\\":\\\"OK\\\"}\"}"}`, 200, false},
		{"a message that is no JSON", asJSON, `{"Message":"{status: resolved}"}`, 200, true},
		{"a number for a word that is not listed", asJSON, `{"heartbeat":{"status":7}}`, 200, false},
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

func TestABodyMayHave64KiBAndNoMore(t *testing.T) {
	t.Parallel()
	loop, h := inbox(t, "")
	assert.Equal(t, http.StatusOK, serve(h, post("/up", "text/plain", strings.Repeat("x", 64<<10))).Code)
	assert.Equal(t, http.StatusRequestEntityTooLarge, serve(h, post("/up", "text/plain", strings.Repeat("x", 64<<10+1))).Code)
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
	h := autoscale.NewHandler(w.loop, autoscale.HandlerConfig{})
	assert.Equal(t, http.StatusOK, serve(h, post("/up", "", "")).Code)
	assert.Equal(t, autoscale.ReasonStepUp, w.turn().Reason)
}
