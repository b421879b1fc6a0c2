package main

import (
	"context"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/settings/settingstest"
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
	require.Len(t, rows, 3)
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
	t.Parallel()
	var said strings.Builder
	p := newProgress(&said)
	p.report(0.5)
	assert.Empty(t, said.String())
	p.said = p.said.Add(-quiet)
	p.report(0.75)
	assert.Equal(t, "replay: 75 %\n", said.String())
}
