package autoscale_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
)

func (w *world) pause(duration time.Duration, reason string) {
	w.Helper()
	_, err := w.loop.Pause(w.Context(), duration, reason)
	require.NoError(w, err)
}

func TestAPausedLoopLeavesThePoolAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 9) // out of bounds, too
	w.pause(0, "evening sale")
	w.webhook(down)
	d := w.turn()
	assert.Equal(t, autoscale.Held, d.Result)
	assert.Equal(t, autoscale.ReasonPaused, d.Reason)
	assert.Equal(t, &autoscale.Pause{Since: noon, Reason: "evening sale"}, d.Pause)
	assert.Equal(t, 9, d.Size, "it is read all the same")
	assert.NoError(t, w.loop.Ready())
	assert.Empty(t, w.pool.Resizes())

	require.NoError(t, w.loop.Resume(t.Context()))
	d = w.turn()
	assert.Equal(t, autoscale.ReasonStepDown, d.Reason, "the webhook has waited")
	assert.Nil(t, d.Pause)
}

func TestWebhooksExpireDuringAPause(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.pause(0, "")
	w.webhook(up)
	for range 5 {
		assert.Empty(t, w.turn().Settled)
	}
	d := w.turn()
	assert.Equal(t, autoscale.ReasonPaused, d.Reason)
	assert.Equal(t, fate{up: autoscale.ReasonExpired}, fates(d))
}

func TestAPauseEndsWithItsTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 9)
	w.pause(150*time.Second, "")
	assert.Equal(t, autoscale.ReasonPaused, w.turn().Reason)
	assert.Equal(t, autoscale.ReasonPaused, w.turn().Reason)
	assert.Equal(t, autoscale.ReasonAboveMaximum, w.turn().Reason)
	_, paused := w.loop.Paused()
	assert.False(t, paused)
	w.start()
	_, paused = w.loop.Paused()
	assert.False(t, paused, "nor does it come back")
}

func TestAPauseSurvivesARestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 9)
	w.pause(time.Hour, "evening sale")
	w.start()
	got, paused := w.loop.Paused()
	assert.True(t, paused)
	assert.Equal(t, autoscale.Pause{Since: noon, Until: noon.Add(time.Hour), Reason: "evening sale"}, got)
	assert.Equal(t, autoscale.ReasonPaused, w.turn().Reason)

	require.NoError(t, w.loop.Resume(t.Context()))
	w.start()
	_, paused = w.loop.Paused()
	assert.False(t, paused)
}

func TestASecondPauseKeepsTheBeginningOfTheFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.pause(time.Hour, "sale")
	w.clock.Advance(time.Minute)
	w.pause(0, "fire")
	got, _ := w.loop.Paused()
	assert.Equal(t, autoscale.Pause{Since: noon, Reason: "fire"}, got)
}

// TestAPauseDuringATurnPreventsItsResize: the turn has decided, but not written.
func TestAPauseDuringATurnPreventsItsResize(t *testing.T) {
	t.Parallel()
	var w *world
	w = newWorld(t, 2, func(cfg *autoscale.Config) {
		cfg.Logger = slog.New(trigger{slog.DiscardHandler, "webhooks settled", func() { w.pause(0, "") }})
	})
	w.webhook(up, down)
	d := w.turn()
	assert.Equal(t, fate{down: autoscale.ReasonSuperseded}, fates(d))
	assert.Equal(t, autoscale.ReasonPaused, d.Reason)
	assert.Empty(t, w.pool.Resizes())
	assert.Equal(t, d.From, d.To)
	assert.NotNil(t, d.Pause)
	waiting, _ := w.loop.Pending()
	assert.Equal(t, 1, waiting.Count)
	assert.NotContains(t, w.stateFile(), "intent")
}

// TestAPauseReportsAResizeUnderWay: an operator who changes the size by hand must
// wait until that is done.
func TestAPauseReportsAResizeUnderWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	h := autoscale.NewHandler(w.loop, autoscale.HandlerConfig{Token: "open-sesame"})
	w.hooks.before = func() {
		got := serve(h, post("/pause?token=open-sesame", "", ""))
		assert.JSONEq(t, `{"paused":true,"resizing":true,"since":"2026-03-01T12:01:00Z"}`, got.Body.String())
	}
	w.webhook(up)
	assert.Equal(t, autoscale.ReasonStepUp, w.turn().Reason, "it is finished")
	got := serve(h, httptest.NewRequest(http.MethodGet, "/pause?token=open-sesame", nil))
	assert.JSONEq(t, `{"paused":true,"since":"2026-03-01T12:01:00Z"}`, got.Body.String())
	assert.Equal(t, autoscale.ReasonPaused, w.turn().Reason)
}

func TestADamagedPauseIsAPause(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"empty":           "",
		"cut short":       `{"version":1,"pool":"at-vie-1/web","sin`,
		"a later version": `{"version":2,"pool":"at-vie-1/web","since":"2026-03-01T11:00:00Z"}`,
		"without times":   `{"version":1,"pool":"at-vie-1/web"}`,
		"two documents":   `{"version":1,"pool":"at-vie-1/web","since":"2026-03-01T11:00:00Z"}{}`,
		"odd reason":      `{"version":1,"pool":"at-vie-1/web","since":"2026-03-01T11:00:00Z","reason":"a\nb"}`,
		"too long":        strings.Repeat(" ", 1<<17),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 9)
			path := filepath.Join(w.cfg.StateDir, "pause.json")
			require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
			w.start()
			assert.Equal(t, autoscale.ReasonPaused, w.turn().Reason)
			require.NoError(t, w.loop.Resume(t.Context()))
			assert.NoFileExists(t, path)
			assert.Equal(t, autoscale.ReasonAboveMaximum, w.turn().Reason)
		})
	}
}

// TestAPauseHoldsForAPoolOfAnotherName: an operator who gives the id of the
// pool in place of its name has not resumed it.
func TestAPauseHoldsForAPoolOfAnotherName(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 9)
	w.pause(0, "evening sale")
	w.cfg.PoolName = "11111111-1111-4111-8111-111111111111"
	w.start()
	d := w.turn()
	assert.Equal(t, autoscale.ReasonPaused, d.Reason)
	assert.Equal(t, "evening sale", d.Pause.Reason)
}

func TestAnEndedPauseDoesNotReturnWithTheClock(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 9)
	w.pause(time.Minute, "")
	w.clock.Advance(time.Minute)
	w.turn()
	assert.NoFileExists(t, filepath.Join(w.cfg.StateDir, "pause.json"))
	w.clock.Set(noon)
	assert.Equal(t, autoscale.ReasonAboveMaximum, w.loop.RunOnce(t.Context()).Reason)
}

func TestAPauseWithoutADiskIsInForceAndAnError(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 9)
	repair := w.breakDisk()
	_, err := w.loop.Pause(t.Context(), 0, "")
	require.ErrorContains(t, err, "write the pause in "+w.cfg.StateDir)
	assert.Equal(t, autoscale.ReasonPaused, w.turn().Reason)
	repair()
}

func TestInvalidPauses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	for name, test := range map[string]struct {
		duration time.Duration
		reason   string
	}{
		"negative":      {-1, ""},
		"two years":     {2 * 365 * 24 * time.Hour, ""},
		"a novel":       {0, strings.Repeat("é", 201)},
		"several lines": {0, "a\nb"},
		"unreadable":    {0, "\xff"},
	} {
		_, err := w.loop.Pause(t.Context(), test.duration, test.reason)
		require.Error(t, err, name)
	}
	_, paused := w.loop.Paused()
	assert.False(t, paused)
}

func TestThePauseIsVisibleInMetrics(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	w := newWorld(t, 2, func(cfg *autoscale.Config) { cfg.Registerer = reg })
	expect := func(paused, since string) {
		t.Helper()
		require.NoError(t, testutil.GatherAndCompare(reg, strings.NewReader(`
			# HELP exopool_autoscaler_paused 1 while an operator has paused the loop.
			# TYPE exopool_autoscaler_paused gauge
			exopool_autoscaler_paused `+paused+`
			# HELP exopool_autoscaler_pause_start_timestamp_seconds When the pause in force began; 0 without one.
			# TYPE exopool_autoscaler_pause_start_timestamp_seconds gauge
			exopool_autoscaler_pause_start_timestamp_seconds `+since+`
			`), "exopool_autoscaler_paused", "exopool_autoscaler_pause_start_timestamp_seconds"))
	}
	expect("0", "0")
	w.pause(time.Hour, "")
	expect("1", "1.7723664e+09")
	w.clock.Advance(time.Hour)
	expect("0", "0")
}

// A form is what curl -d sends.
func form(path, body string) *http.Request {
	return post(path, "application/x-www-form-urlencoded", body)
}

func TestPauseAndResumeByHTTP(t *testing.T) {
	t.Parallel()
	local := func(r *http.Request) *http.Request { r.RemoteAddr = "127.0.0.1:4711"; return r }
	w := newWorld(t, 2)
	h := autoscale.NewHandler(w.loop, autoscale.HandlerConfig{})

	got := serve(h, local(httptest.NewRequest(http.MethodGet, "/pause", nil)))
	assert.JSONEq(t, `{"paused":false}`, got.Body.String())

	got = serve(h, local(form("/pause", "duration=2h&reason=evening+sale")))
	assert.Equal(t, http.StatusOK, got.Code)
	assert.JSONEq(t, `{"paused":true,"since":"2026-03-01T12:00:00Z","until":"2026-03-01T14:00:00Z","reason":"evening sale"}`, got.Body.String())

	got = serve(h, local(post("/pause?reason=by+query", "", "")))
	assert.JSONEq(t, `{"paused":true,"since":"2026-03-01T12:00:00Z","reason":"by query"}`, got.Body.String())

	got = serve(h, local(post("/resume", "", "")))
	assert.JSONEq(t, `{"paused":false}`, got.Body.String())

	for contentType, body := range map[string]string{
		"application/json":                `{"duration":"2h"}`,
		"multipart/form-data; boundary=x": "--x\r\nContent-Disposition: form-data; name=\"duration\"\r\n\r\n2h\r\n--x--\r\n",
		"":                                "duration=2h",
	} {
		got = serve(h, local(post("/pause", contentType, body)))
		assert.Equal(t, http.StatusBadRequest, got.Code, "%s would be a pause without end", contentType)
	}
	for _, body := range []string{"duraton=2h", "2h", "duration=1h&duration=2h", "duration=soon", "duration=-1h", "duration=1ms", "duration=9999999h", "reason=a%0Ab", "%zz", "reason=" + strings.Repeat("x", 5000)} {
		got = serve(h, local(form("/pause", body)))
		assert.Equal(t, http.StatusBadRequest, got.Code, body)
	}
	_, paused := w.loop.Paused()
	assert.False(t, paused)

	w.breakDisk()
	got = serve(h, local(form("/pause", "")))
	assert.Equal(t, http.StatusInternalServerError, got.Code)
	assert.Contains(t, got.Body.String(), "paused, but a restart would end the pause")
}

func TestWhoMayPause(t *testing.T) {
	t.Parallel()
	const secret = "open-sesame"
	tests := map[string]struct {
		secret, from, origin, bearer, method string
		code                                 int
	}{
		"no token needed, from here":           {"", "127.0.0.1:1", "", "", "POST", 200},
		"no token needed, from here by IPv6":   {"", "[::1]:1", "", "", "POST", 200},
		"no token needed, from elsewhere":      {"", "192.0.2.1:1", "", "", "POST", 403},
		"no token needed, from a page here":    {"", "127.0.0.1:1", "http://evil.example", "", "POST", 403},
		"no token needed, from an odd address": {"", "@", "", "", "POST", 403},
		"no token":                             {secret, "127.0.0.1:1", "", "", "POST", 401},
		"wrong token":                          {secret, "127.0.0.1:1", "", "x", "POST", 401},
		"token":                                {secret, "192.0.2.1:1", "", secret, "POST", 200},
		"another method":                       {"", "127.0.0.1:1", "", "", "DELETE", 405},
	}
	for name, test := range tests {
		for _, path := range []string{"/pause", "/resume"} {
			t.Run(name+path, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, 2)
				if path == "/resume" {
					w.pause(0, "")
				}
				h := autoscale.NewHandler(w.loop, autoscale.HandlerConfig{Token: test.secret})
				r := httptest.NewRequest(test.method, path, nil)
				r.RemoteAddr = test.from
				if test.origin != "" {
					r.Header.Set("Origin", test.origin)
				}
				if test.bearer != "" {
					r.Header.Set("Authorization", "Bearer "+test.bearer)
				}
				assert.Equal(t, test.code, serve(h, r).Code)
				_, paused := w.loop.Paused()
				assert.Equal(t, (path == "/pause") == (test.code == 200), paused)
			})
		}
	}
	w := newWorld(t, 2)
	r := httptest.NewRequest(http.MethodGet, "/resume", nil)
	assert.Equal(t, http.StatusMethodNotAllowed, serve(autoscale.NewHandler(w.loop, autoscale.HandlerConfig{}), r).Code)
}

// FuzzPauseFile: with any file, the program starts; a damaged one is a pause,
// and a valid one survives a restart.
func FuzzPauseFile(f *testing.F) {
	f.Add([]byte(`{"version":1,"pool":"at-vie-1/web","since":"2026-03-01T11:00:00Z","until":"2026-03-01T13:00:00Z","reason":"sale"}`))
	f.Add([]byte(`{"version":1,"pool":"at-vie-1/db","since":"2026-03-01T11:00:00Z"}`))
	f.Add([]byte(`{"version":1,"since":"0000-01-01T00:00:00Z"}`))
	f.Add([]byte("\x00"))
	f.Fuzz(func(t *testing.T, content []byte) {
		w := newWorld(t, 2)
		path := filepath.Join(w.cfg.StateDir, "pause.json")
		require.NoError(t, os.WriteFile(path, content, 0o600))
		w.start()
		first, paused := w.loop.Paused()
		if !paused {
			return
		}
		_, err := w.loop.Pause(t.Context(), 0, first.Reason)
		require.NoError(t, err)
		w.start()
		again, paused := w.loop.Paused()
		require.True(t, paused)
		assert.Equal(t, first.Reason, again.Reason)
		assert.True(t, first.Since.Equal(again.Since))
	})
}
