package autoscale_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
)

func get(t *testing.T, h http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	return serve(h, httptest.NewRequest(http.MethodGet, path, nil))
}

func TestDecisionsAreServedNewestLast(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	h := autoscale.NewHandler(w.loop, autoscale.HandlerConfig{})
	assert.Equal(t, "[]\n", get(t, h, "/decisions").Body.String(), "a list also before the first turn")

	w.turn()
	w.webhook(up)
	w.turn()
	got := get(t, h, "/decisions")
	assert.Equal(t, "application/json", got.Header().Get("Content-Type"))
	assert.JSONEq(t, `[
		{"time": "2026-03-01T12:01:00Z", "next_turn": "2026-03-01T12:02:00Z", "turn": 1, "pool": "web", "zone": "at-vie-1",
		 "size": 1, "members": 1, "conditions": {"serving": 1, "starting": 0, "unhealthy": 0, "unknown": 0, "failed": 0, "draining": 0, "leaving": 0}, "state": "running", "min": 1, "max": 5, "step": 1,
		 "candidates": [{"stage": "policy", "size": 1, "reason": "no-demand"}],
		 "from": 1, "to": 1, "result": "held", "reason": "no-demand", "duration_seconds": 0},
		{"time": "2026-03-01T12:02:00Z", "next_turn": "2026-03-01T12:03:00Z", "turn": 2, "pool": "web", "zone": "at-vie-1",
		 "up": {"first": "2026-03-01T12:01:00Z", "last": "2026-03-01T12:01:00Z", "count": 1},
		 "size": 1, "members": 1, "conditions": {"serving": 1, "starting": 0, "unhealthy": 0, "unknown": 0, "failed": 0, "draining": 0, "leaving": 0}, "state": "running", "min": 1, "max": 5, "step": 1,
		 "candidates": [{"stage": "policy", "size": 2, "reason": "step-up"}],
		 "from": 1, "to": 2, "result": "resized", "reason": "step-up", "duration_seconds": 0,
		 "settled": [{"direction": "up", "reason": "step-up", "webhooks":
			{"first": "2026-03-01T12:01:00Z", "last": "2026-03-01T12:01:00Z", "count": 1}}]}
	]`, got.Body.String())

	var decoded []autoscale.Decision
	require.NoError(t, json.Unmarshal(got.Body.Bytes(), &decoded))
	assert.Equal(t, w.loop.Decisions(), decoded, "the Go type reads what it writes")
}

func TestHealthAndReadiness(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	h := autoscale.NewHandler(w.loop, autoscale.HandlerConfig{})
	assert.Equal(t, http.StatusOK, get(t, h, "/healthz").Code)
	assert.Equal(t, http.StatusServiceUnavailable, get(t, h, "/readyz").Code)
	w.turn()
	assert.Equal(t, http.StatusOK, get(t, h, "/readyz").Code)
	w.clock.Advance(4 * time.Minute)
	got := get(t, h, "/readyz")
	assert.Equal(t, http.StatusServiceUnavailable, got.Code)
	assert.Equal(t, "the pool was last read 4m0s ago\n", got.Body.String())
}

func measured(t *testing.T) (*world, *prometheus.Registry, http.Handler) {
	t.Helper()
	reg := prometheus.NewRegistry()
	w := newWorld(t, 1, func(cfg *autoscale.Config) { cfg.Registerer = reg })
	return w, reg, autoscale.NewHandler(w.loop, autoscale.HandlerConfig{Token: "t0ken", Gatherer: reg})
}

func TestMetricsKeepThePrometheusConventions(t *testing.T) {
	t.Parallel()
	w, reg, h := measured(t)
	w.turn()
	problems, err := testutil.GatherAndLint(reg)
	require.NoError(t, err)
	assert.Empty(t, problems)
	assert.Contains(t, get(t, h, "/metrics").Body.String(), "exopool_autoscaler_pool_size 1\n")
}

func TestMetricsShowWhatHappened(t *testing.T) {
	t.Parallel()
	w, reg, h := measured(t)
	w.pool.Linger(1)
	serve(h, post("/up?token=t0ken", "", ""))
	serve(h, post("/up?token=t0ken", "", ""))
	serve(h, post("/down?token=t0ken", "application/json", "{"))
	serve(h, post("/down?token=t0ken", "", `{"status":"resolved"}`))
	serve(h, post("/down?token=t0ken", "", strings.Repeat("x", 64<<10+1)))
	serve(h, post("/down", "", ""))
	w.turn()
	w.webhook(down)
	w.pool.FailNext("status", errors.New("no route to host"))
	w.turn()
	w.breakDisk()
	w.webhook(up)

	require.NoError(t, testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP exopool_autoscaler_api_errors_total Failed calls of the provider's API.
# TYPE exopool_autoscaler_api_errors_total counter
exopool_autoscaler_api_errors_total{call="evict"} 0
exopool_autoscaler_api_errors_total{call="resize"} 0
exopool_autoscaler_api_errors_total{call="status"} 1
# HELP exopool_autoscaler_interval_seconds Time between two turns of the loop.
# TYPE exopool_autoscaler_interval_seconds gauge
exopool_autoscaler_interval_seconds 60
# HELP exopool_autoscaler_last_contact_timestamp_seconds When the pool was last read from the provider's API.
# TYPE exopool_autoscaler_last_contact_timestamp_seconds gauge
exopool_autoscaler_last_contact_timestamp_seconds 1.77236646e+09
# HELP exopool_autoscaler_last_decision_timestamp_seconds When the last turn of the loop began.
# TYPE exopool_autoscaler_last_decision_timestamp_seconds gauge
exopool_autoscaler_last_decision_timestamp_seconds 1.77236652e+09
# HELP exopool_autoscaler_pool_members Members that exist in any state, as last read.
# TYPE exopool_autoscaler_pool_members gauge
exopool_autoscaler_pool_members 2
# HELP exopool_autoscaler_pool_size Members asked for, as last read.
# TYPE exopool_autoscaler_pool_size gauge
exopool_autoscaler_pool_size 2
# HELP exopool_autoscaler_pool_size_maximum Maximum size of the pool.
# TYPE exopool_autoscaler_pool_size_maximum gauge
exopool_autoscaler_pool_size_maximum 5
# HELP exopool_autoscaler_pool_size_minimum Minimum size of the pool.
# TYPE exopool_autoscaler_pool_size_minimum gauge
exopool_autoscaler_pool_size_minimum 1
# HELP exopool_autoscaler_state_errors_total Failed writes of the state directory.
# TYPE exopool_autoscaler_state_errors_total counter
exopool_autoscaler_state_errors_total 1
# HELP exopool_autoscaler_webhooks_pending Pending webhooks.
# TYPE exopool_autoscaler_webhooks_pending gauge
exopool_autoscaler_webhooks_pending{direction="down"} 1
exopool_autoscaler_webhooks_pending{direction="up"} 1
# HELP exopool_autoscaler_webhooks_total Webhooks received.
# TYPE exopool_autoscaler_webhooks_total counter
exopool_autoscaler_webhooks_total{direction="down",outcome="accepted"} 0
exopool_autoscaler_webhooks_total{direction="down",outcome="contradictory"} 0
exopool_autoscaler_webhooks_total{direction="down",outcome="ignored"} 1
exopool_autoscaler_webhooks_total{direction="down",outcome="malformed"} 1
exopool_autoscaler_webhooks_total{direction="down",outcome="rate-limited"} 0
exopool_autoscaler_webhooks_total{direction="down",outcome="refused"} 1
exopool_autoscaler_webhooks_total{direction="down",outcome="too-large"} 1
exopool_autoscaler_webhooks_total{direction="down",outcome="unlisted"} 0
exopool_autoscaler_webhooks_total{direction="down",outcome="unsupported"} 0
exopool_autoscaler_webhooks_total{direction="up",outcome="accepted"} 2
exopool_autoscaler_webhooks_total{direction="up",outcome="contradictory"} 0
exopool_autoscaler_webhooks_total{direction="up",outcome="ignored"} 0
exopool_autoscaler_webhooks_total{direction="up",outcome="malformed"} 0
exopool_autoscaler_webhooks_total{direction="up",outcome="rate-limited"} 0
exopool_autoscaler_webhooks_total{direction="up",outcome="refused"} 0
exopool_autoscaler_webhooks_total{direction="up",outcome="too-large"} 0
exopool_autoscaler_webhooks_total{direction="up",outcome="unlisted"} 0
exopool_autoscaler_webhooks_total{direction="up",outcome="unsupported"} 0
`),
		"exopool_autoscaler_api_errors_total", "exopool_autoscaler_interval_seconds",
		"exopool_autoscaler_last_contact_timestamp_seconds",
		"exopool_autoscaler_last_decision_timestamp_seconds", "exopool_autoscaler_pool_members",
		"exopool_autoscaler_pool_size", "exopool_autoscaler_pool_size_maximum",
		"exopool_autoscaler_pool_size_minimum", "exopool_autoscaler_state_errors_total",
		"exopool_autoscaler_webhooks_pending", "exopool_autoscaler_webhooks_total"))

	metrics := get(t, h, "/metrics").Body.String()
	for _, line := range []string{
		`exopool_autoscaler_decisions_total{reason="step-up",result="resized"} 1`,
		`exopool_autoscaler_decisions_total{reason="api-error",result="failed"} 1`,
		`exopool_autoscaler_decisions_total{reason="at-maximum",result="held"} 0`,
		`exopool_autoscaler_webhooks_settled_total{direction="up",reason="step-up"} 2`,
		`exopool_autoscaler_webhooks_settled_total{direction="down",reason="expired"} 0`,
		`exopool_autoscaler_resize_duration_seconds_count 1`,
	} {
		assert.Contains(t, metrics, line+"\n")
	}
}

func TestThePoolHasNoSizeBeforeItWasRead(t *testing.T) {
	t.Parallel()
	_, reg, _ := measured(t)
	count, err := testutil.GatherAndCount(reg, "exopool_autoscaler_pool_size", "exopool_autoscaler_pool_members")
	require.NoError(t, err)
	assert.Zero(t, count)
}

func TestMetricsRegisteredTwiceAreAnError(t *testing.T) {
	t.Parallel()
	w, _, _ := measured(t)
	_, err := autoscale.New(w.cfg)
	require.ErrorContains(t, err, "register metrics")
}

func TestProtectAllRequiresTheToken(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	w := newWorld(t, 1, func(cfg *autoscale.Config) { cfg.Registerer = reg })
	w.turn()
	open := autoscale.NewHandler(w.loop, autoscale.HandlerConfig{Token: "t0ken", Gatherer: reg})
	closed := autoscale.NewHandler(w.loop, autoscale.HandlerConfig{Token: "t0ken", Gatherer: reg, ProtectAll: true})
	for _, path := range []string{"/healthz", "/readyz"} {
		assert.Equal(t, http.StatusOK, get(t, open, path).Code, path)
		assert.Equal(t, http.StatusOK, get(t, closed, path).Code, path)
	}
	for _, path := range []string{"/decisions", "/metrics"} {
		assert.Equal(t, http.StatusOK, get(t, open, path).Code, path)
		got := get(t, closed, path)
		assert.Equal(t, http.StatusUnauthorized, got.Code, path)
		assert.Equal(t, "token is missing\n", got.Body.String())
		assert.NotEmpty(t, got.Header().Values("WWW-Authenticate"))
		assert.Equal(t, http.StatusUnauthorized, get(t, closed, path+"?token=x").Code, path)
		assert.Equal(t, http.StatusOK, get(t, closed, path+"?token=t0ken").Code, path)
	}
	metrics := get(t, open, "/metrics").Body.String()
	assert.Contains(t, metrics, `exopool_autoscaler_requests_refused_total{outcome="refused",path="/decisions"} 2`+"\n")
	assert.Contains(t, metrics, `exopool_autoscaler_requests_refused_total{outcome="rate-limited",path="/metrics"} 0`+"\n")
}

func TestDecisionsAreTheNewestForEveryReader(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	h := autoscale.NewHandler(w.loop, autoscale.HandlerConfig{})
	for turn := range 1003 {
		w.turn()
		if turn%100 > 1 && turn < 1000 {
			continue
		}
		first := get(t, h, "/decisions").Body.String()
		assert.Equal(t, first, get(t, h, "/decisions").Body.String(), "asking changes nothing")
		var decoded []autoscale.Decision
		require.NoError(t, json.Unmarshal([]byte(first), &decoded))
		assert.Equal(t, w.loop.Decisions(), decoded)
		assert.Equal(t, turn+1, decoded[len(decoded)-1].Turn)
	}
}
