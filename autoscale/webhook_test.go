package autoscale_test

import (
	"bytes"
	"fmt"
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
		{"GET", "/", 200, ""},
		{"POST", "/", 405, "GET, HEAD"},
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

func TestTheTokenIsRequired(t *testing.T) {
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
			loop, h := inbox(t, secret, func(cfg *autoscale.Config) {
				cfg.Logger = slog.New(slog.NewTextHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
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

func TestTheLogNamesTheAddressThatConfirmsASubscription(t *testing.T) {
	t.Parallel()
	const address = "https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:eu-central-1:123456789012:up&Token=1"
	for url, told := range map[string]bool{
		address: true,
		strings.Replace(address, "amazonaws.com/", "amazonaws.com.cn/", 1):        true,
		strings.Replace(address, "https", "http", 1):                              false,
		strings.Replace(address, "Confirm", "Delete", 1):                          false,
		strings.Replace(address, "amazonaws.com/", "evil.test/", 1):               false,
		strings.Replace(address, "amazonaws.com/", "amazonaws.com.evil.test/", 1): false,
		strings.Replace(address, "sns.", "me@sns.", 1):                            false,
		strings.Replace(address, "sns.", "evil.test/sns.", 1):                     false,
	} {
		var logs bytes.Buffer
		loop, h := inbox(t, "", func(cfg *autoscale.Config) {
			cfg.Logger = slog.New(slog.NewTextHandler(&logs, &slog.HandlerOptions{Level: slog.LevelWarn}))
		})
		got := serve(h, post("/up", "text/plain", fmt.Sprintf(`{"Type":"SubscriptionConfirmation","SubscribeURL":%q}`, url)))
		assert.Equal(t, http.StatusOK, got.Code)
		assert.Equal(t, [2]int{0, 0}, counts(loop))
		assert.NotContains(t, got.Body.String(), "http")
		assert.Equal(t, told, strings.Contains(logs.String(), url), url)
	}
}

func TestAnswersToWebhooks(t *testing.T) {
	t.Parallel()
	listed := map[autoscale.Direction][]string{up: {"Pool is busy"}}
	for _, tt := range []struct {
		alerts     map[autoscale.Direction][]string
		path, body string
		code       int
		answer     string
		counts     [2]int
	}{
		{nil, "/down", `{"status":"firing"}`, 200, "recorded: down\n", [2]int{0, 1}},
		{nil, "/up?status=resolved", "", 200, "ignored: status resolved\n", [2]int{}},
		{nil, "/down", `{"alertname":"CPU high"}`, 200, "ignored: alert_name CPU high on /down\n", [2]int{}},
		{nil, "/up", `{`, 400, "body is not valid: unexpected end of JSON input\n", [2]int{}},
		{nil, "/up", `<html>`, 415, "body is a web page or a file, not a webhook\n", [2]int{}},
		{listed, "/up", `{"alertname":"Pool is busy"}`, 200, "recorded: up\n", [2]int{1, 0}},
		{listed, "/up", "", 403, "names no alert that counts\n", [2]int{}},
		{listed, "/down", `{"alertname":"Pool is busy"}`, 403, "names no alert that counts\n", [2]int{}},
	} {
		loop, err := autoscale.New(autoscale.Config{Pool: &hooks{}})
		require.NoError(t, err)
		got := serve(autoscale.NewHandler(loop, autoscale.HandlerConfig{Alerts: tt.alerts}), post(tt.path, "", tt.body))
		assert.Equal(t, tt.code, got.Code, tt.body)
		assert.Equal(t, tt.answer, got.Body.String())
		assert.Equal(t, "text/plain; charset=utf-8", got.Header().Get("Content-Type"))
		assert.Equal(t, tt.counts, counts(loop), tt.body)
	}
}
