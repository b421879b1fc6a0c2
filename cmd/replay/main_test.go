package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/cmd/internal/settings/settingstest"
	"github.com/exopool/exopool/fake"
	"github.com/exopool/exopool/policy"
	"github.com/exopool/exopool/replay"
)

var update = flag.Bool("update", false, "write the table of the settings into the documentation")

func TestSettingsAreDocumented(t *testing.T) {
	t.Parallel()
	set, _ := declare(settingstest.Env{}.Get)
	settingstest.MatchDocs(t, "../../docs/configuration.md", "replay", set, *update)
}

func TestSettings(t *testing.T) {
	t.Parallel()
	cfg, err := parse([]string{
		"-trace", "a.csv", "-trace", "b.csv", "-policies", "clairvoyant, STEP", "-peak", "10.5", "-boot", "90s", "-interval", "30s",
		"-objective", "0.7", "-min", "2", "-failed-starts", "0.1", "-seed", "7", "-signal", "cpu",
	}, settingstest.Env{}.Get, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, replay.Config{
		Peak: 10.5, Objective: 0.7, Boot: 90 * time.Second, Interval: 30 * time.Second, Min: 2, Max: 21, FailedStarts: 0.1, Seed: 7, Samples: 600,
	}, cfg.Model)
	assert.Equal(t, []string{"a.csv", "b.csv"}, cfg.Traces)
	assert.Equal(t, []string{"clairvoyant", "step"}, []string{cfg.contenders()[0].Name, cfg.contenders()[1].Name})
	assert.Equal(t, replay.CPU, cfg.Signal)
}

func TestWrongSettingsAreNamed(t *testing.T) {
	t.Parallel()
	for setting, args := range map[string][]string{
		"flag -policies":  {"-policies", "step,magic"},
		"flag -boot":      {"-boot", "1500ms"},
		"flag -max":       {"-min", "5", "-max", "4"},
		"flag -objective": {"-objective", "80"},
		"flag -seed":      {"-seed", "-1"},
		"flag -json":      {"-json", ""},
		"flag -trace":     {"-trace", "/does/not/exist.csv"},
		"flag -query":     {"-prometheus-url", "http://127.0.0.1:9090"},
		"flag -from":      {"-prometheus-url", "http://127.0.0.1:9090", "-query", "load", "-from", "2026-03-02T00:00:00Z", "-to", "2026-03-01T00:00:00Z"},
		"flag -to":        {"-prometheus-url", "http://127.0.0.1:9090", "-query", "load", "-to", "yesterday"},

		"flag -prometheus-url": {"-query", "load"},
	} {
		var stderr strings.Builder
		assert.Equal(t, 2, run(t.Context(), args, settingstest.Env{}.Get, io.Discard, &stderr), setting)
		assert.Contains(t, stderr.String(), setting)
	}
}

// TestReplaysAFile runs the program as a user does.
func TestReplaysAFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	trace, figures, svg := filepath.Join(dir, "web.csv"), filepath.Join(dir, "out.json"), filepath.Join(dir, "out.svg")
	require.NoError(t, os.WriteFile(trace, []byte("seconds_from_start,load\n0,1\n1800,2\n3600,1\n5400,1\n"), 0o600))
	var stdout, stderr strings.Builder
	code := run(t.Context(), []string{"-trace", trace, "-price", "0.5", "-json", figures, "-picture", svg}, settingstest.Env{}.Get, &stdout, &stderr)
	require.Zero(t, code, stderr.String())
	assert.Empty(t, stderr.String())
	assert.Regexp(t, `(?m)^web +step +1\.\d+`, stdout.String())
	assert.Regexp(t, `(?m)^web +clairvoyant +1\.0\d+ +0\.00`, stdout.String())

	content, err := os.ReadFile(figures)
	require.NoError(t, err)
	var rows []map[string]any
	require.NoError(t, json.Unmarshal(content, &rows))
	require.Len(t, rows, 4)
	for _, key := range []string{
		"trace", "policy", "cost_ratio", "theta_u", "theta_o", "tau_u", "changes_per_day", "reversals_per_day", "money", "boot_seconds",
	} {
		assert.Contains(t, rows[0], key)
	}
	assert.InDelta(t, 120, rows[0]["boot_seconds"], 0)
	content, err = os.ReadFile(svg)
	require.NoError(t, err)
	assert.Contains(t, string(content), "web, clairvoyant")
}

// TestReplaysThePastOfAPrometheus has two hours of the past, of which one lacks half an
// hour.
func TestReplaysThePastOfAPrometheus(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "/api/v1/query_range", r.URL.Path)
		assert.Equal(t, "sum(load)", r.FormValue("query"))
		var values []string
		for i := range 121 {
			if i < 30 || i > 60 {
				values = append(values, fmt.Sprintf(`[%d,"%d"]`, begin.Add(time.Duration(i)*time.Minute).Unix(), 10+i%7))
			}
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[%s]}]}}`, strings.Join(values, ","))
	}))
	t.Cleanup(server.Close)
	var stdout, stderr strings.Builder
	figures := filepath.Join(t.TempDir(), "out.json")
	code := run(t.Context(), []string{
		"-prometheus-url", server.URL, "-query", "sum(load)", "-from", "2026-03-01T00:00:00Z", "-to", "2026-03-01T02:00:00Z",
		"-policies", "target", "-json", figures,
	}, settingstest.Env{}.Get, &stdout, &stderr)
	require.Zero(t, code, stderr.String())
	assert.Regexp(t, `(?m)^prometheus +target`, stdout.String())
	content, err := os.ReadFile(figures)
	require.NoError(t, err)
	var rows []struct{ Days float64 }
	require.NoError(t, json.Unmarshal(content, &rows))
	assert.InDelta(t, 88.5/24/60, rows[0].Days, 0.5/24/60, "the gap is left out")
}

func TestHelpIsPrinted(t *testing.T) {
	t.Parallel()
	var stdout strings.Builder
	require.Zero(t, run(t.Context(), []string{"-h"}, settingstest.Env{}.Get, &stdout, io.Discard))
	assert.Contains(t, stdout.String(), "-trace FILE")
}

func TestEndsWhenAskedTo(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var stderr strings.Builder
	assert.Equal(t, 1, run(ctx, nil, settingstest.Env{}.Get, io.Discard, &stderr))
	assert.Contains(t, stderr.String(), "context canceled")
}

func TestProgressIsSaidOnlyOfLongWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said strings.Builder
		report, end := reportProgress(&said)
		defer end()
		report(0.5)
		synctest.Wait()
		assert.Empty(t, said.String())
		report(0.75)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		assert.Equal(t, "replay: … replaying, 2s: 75 %\n", said.String())
	})
}

// TestDecisionsAreTriedAgain on another policy, and on the same.
func TestDecisionsAreTriedAgain(t *testing.T) {
	t.Parallel()
	clock := fake.NewClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	loop, err := autoscale.New(autoscale.Config{
		Pool: fake.NewPool("web", 2, clock), PoolName: "web", Clock: clock, Policy: policy.Target{Tolerance: 0.1},
		Signals: []autoscale.Signal{autoscale.Amount{PerMember: 1, Source: func(context.Context) (autoscale.Reading, error) {
			return autoscale.Reading{Value: 3.4, At: clock.Now()}, nil
		}}},
	})
	require.NoError(t, err)
	for range 3 {
		loop.RunOnce(t.Context())
		clock.Advance(time.Minute)
	}
	recorded, err := json.Marshal(loop.Decisions())
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "decisions.json")
	require.NoError(t, os.WriteFile(path, recorded, 0o600))

	var out, errs bytes.Buffer
	code := run(t.Context(), []string{"-decisions", path, "-policies", "step,target,follow"}, func(string) string { return "" }, &out, &errs)
	assert.Zero(t, code, errs.String())
	assert.Contains(t, out.String(), "2026-03-01 12:00:00  3.40  2        2     4            4       5\n")
	assert.Contains(t, out.String(), "target wants what target wanted in 3 of 3 turns\n")

	assert.Equal(t, 1, run(t.Context(), []string{"-decisions", path, "-policies", "step"}, func(string) string { return "" }, &out, &errs))
	assert.Contains(t, errs.String(), "none of the policies [step] decides by the load")
	assert.Equal(t, 1, run(t.Context(), []string{"-decisions", path + ".not"}, func(string) string { return "" }, &out, &errs))
}
