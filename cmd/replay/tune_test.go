package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/settings/settingstest"
	"github.com/exopool/exopool/replay"
)

func TestTheCheapestThatIsEnoughIsProposed(t *testing.T) {
	t.Parallel()
	choices := []choice{
		{settings: "a", cost: 1.0, lacking: 2},
		{settings: "b", cost: 1.2, lacking: 0.4},
		{settings: "c", cost: 1.1, lacking: 0.5},
		{settings: "d", cost: 1.5, lacking: 0.1},
	}
	for lacking, want := range map[float64]string{3: "a", 0.5: "c", 0.4: "b", 0.2: "d"} {
		best, enough := propose(choices, lacking)
		assert.True(t, enough)
		assert.Equal(t, want, best.settings, lacking)
	}
	best, enough := propose(choices, 0.01)
	assert.False(t, enough)
	assert.Equal(t, "d", best.settings)
}

func TestChoicesAreMeansOfAllTraces(t *testing.T) {
	t.Parallel()
	result := func(contender string, cost, lacking float64) replay.Result {
		return replay.Result{Contender: contender, Figures: replay.Figures{CostRatio: cost, UnderAccuracy: lacking, ChangesPerDay: 10 * lacking}}
	}
	got := summarize([]replay.Result{result("a", 1, 1), result("b", 2, 3), result("a", 4, 2), result("b", 8, 5)}, 2)
	require.Len(t, got, 2)
	assert.InDelta(t, 2, got[0].cost, 1e-9)
	assert.InDelta(t, 1.5, got[0].lacking, 1e-9)
	assert.InDelta(t, 4, got[1].cost, 1e-9)
	assert.InDelta(t, 40, got[1].changes, 1e-9)
}

func TestTunes(t *testing.T) {
	t.Parallel()
	trace := filepath.Join(t.TempDir(), "web.csv")
	require.NoError(t, os.WriteFile(trace, []byte("seconds_from_start,load\n0,1\n1800,2\n3600,1\n5400,1\n"), 0o600))
	svg := filepath.Join(t.TempDir(), "curve.svg")
	var stdout strings.Builder
	require.Zero(t, run(t.Context(), []string{"-trace", trace, "-tune", "50", "-picture", svg}, settingstest.Env{}.Get, &stdout, io.Discard))
	assert.Regexp(t, `(?m)^shortage 0\.1 %, worth 20 +\d\.\d+`, stdout.String())
	assert.Contains(t, stdout.String(), "For 50 % take shortage")
	drawn, err := os.ReadFile(svg)
	require.NoError(t, err)
	for _, text := range []string{"shortage 3 %, worth 2", "proposed", "asked for"} {
		assert.Contains(t, string(drawn), text)
	}
}
