package autoscale_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
)

// lines returns the log lines about webhooks, decoded.
func lines(t *testing.T, log string) []map[string]any {
	t.Helper()
	var all []map[string]any
	for line := range strings.Lines(log) {
		var decoded map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &decoded))
		if decoded["msg"] == "webhook" {
			all = append(all, decoded)
		}
	}
	return all
}

// outcomes returns how many webhooks there were of each outcome.
func outcomes(t *testing.T, reg prometheus.Gatherer) map[string]float64 {
	t.Helper()
	families, err := reg.Gather()
	require.NoError(t, err)
	all := map[string]float64{}
	for _, family := range families {
		if family.GetName() != "exopool_autoscaler_webhooks_total" {
			continue
		}
		for _, m := range family.GetMetric() {
			if n := m.GetCounter().GetValue(); n > 0 {
				all[m.GetLabel()[1].GetValue()] += n // after the direction
			}
		}
	}
	return all
}

func TestAFloodOfWrongWebhooksDoesNotFloodTheLog(t *testing.T) {
	t.Parallel()
	const each, seconds = 1000, 8
	tests := map[string]struct {
		request func(i int) *http.Request
		outcome string
	}{
		"without token":    {func(int) *http.Request { return post("/up", "", "") }, "refused"},
		"with wrong token": {func(int) *http.Request { return post("/up?token=guess", "", "") }, "rate-limited"},
		"malformed":        {func(int) *http.Request { return post("/up?token=t0ken", "application/json", "{") }, "malformed"},
		"too large": {func(int) *http.Request {
			return post("/up?token=t0ken", "", strings.Repeat("x", 64<<10+1))
		}, "too-large"},
		"now this, now that": {func(i int) *http.Request {
			return post([]string{"/up", "/down?token=guess"}[i%2], "", "")
		}, "refused"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				reg := prometheus.NewRegistry()
				_, h := inbox(t, "t0ken", func(cfg *autoscale.Config) {
					cfg.Logger, cfg.Registerer = slog.New(slog.NewJSONHandler(&log, nil)), reg
				})
				for range seconds {
					for i := range each {
						assert.NotEqual(t, http.StatusOK, serve(h, tt.request(i)).Code)
					}
					time.Sleep(time.Second)
				}
				time.Sleep(2 * time.Second)
				synctest.Wait()
				got := lines(t, log.String())
				assert.LessOrEqual(t, len(got), seconds+1)
				logged := 0
				for _, line := range got {
					logged++
					if left, ok := line["left_out"].(float64); ok {
						logged += int(left)
					}
				}
				assert.Equal(t, each*seconds, logged, "every webhook is in a line or counted in one")
				counted := 0.0
				for _, n := range outcomes(t, reg) {
					counted += n
				}
				assert.InDelta(t, each*seconds, counted, 0)
				assert.Contains(t, log.String(), fmt.Sprintf(`"outcome":%q`, tt.outcome))
			})
		})
	}
}

func TestWrongTokensOfOneSourceDoNotLockOutAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		reg := prometheus.NewRegistry()
		loop, h := inbox(t, "t0ken", func(cfg *autoscale.Config) { cfg.Registerer = reg })
		ask := func(from, token string) (code int, retryAfter string) {
			r := post("/down?token="+token, "", "")
			r.RemoteAddr = from
			got := serve(h, r)
			return got.Code, got.Header().Get("Retry-After")
		}
		for range 10 {
			code, _ := ask("192.0.2.1:1", "guess")
			assert.Equal(t, http.StatusUnauthorized, code)
		}
		code, retry := ask("192.0.2.1:2", "guess")
		assert.Equal(t, http.StatusTooManyRequests, code)
		assert.Equal(t, "10", retry)
		code, _ = ask("192.0.2.1:2", "t0ken")
		assert.Equal(t, http.StatusTooManyRequests, code, "it is not checked")
		code, _ = ask("192.0.2.2:1", "t0ken")
		assert.Equal(t, http.StatusOK, code)
		time.Sleep(10 * time.Second)
		code, _ = ask("192.0.2.1:2", "t0ken")
		assert.Equal(t, http.StatusOK, code)
		assert.Equal(t, [2]int{0, 2}, counts(loop))
		assert.Equal(t, map[string]float64{"accepted": 2, "refused": 10, "rate-limited": 2}, outcomes(t, reg))
	})
}

func TestAFailingDiskDoesNotFloodTheLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		reg := prometheus.NewRegistry()
		w := newWorld(t, 1, func(cfg *autoscale.Config) {
			cfg.Logger, cfg.Registerer = slog.New(slog.NewTextHandler(&log, nil)), reg
		})
		w.breakDisk()
		for range 1000 {
			w.webhook(up)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		assert.Equal(t, 2, strings.Count(log.String(), "state directory cannot be written"))
		assert.Contains(t, log.String(), "left_out=998")
		require.NoError(t, testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP exopool_autoscaler_state_errors_total Failed writes of the state directory.
# TYPE exopool_autoscaler_state_errors_total counter
exopool_autoscaler_state_errors_total 1000
`), "exopool_autoscaler_state_errors_total"))
	})
}
