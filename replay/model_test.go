package replay_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/replay"
)

// TestAlertsFireAfterAMinuteAndRepeat: a webhook is sent once a rule has held for a
// minute, and every 50 seconds as long as it does.
func TestAlertsFireAfterAMinuteAndRepeat(t *testing.T) {
	t.Parallel()
	held := func(n int) []bool {
		list := make([]bool, n)
		for i := range list {
			list[i] = true
		}
		return list
	}
	assert.Empty(t, replay.Webhooks(held(6)...), "50 s from the first evaluation to the last")
	assert.Equal(t, []time.Duration{60 * time.Second, 110 * time.Second, 160 * time.Second}, replay.Webhooks(held(17)...))
	interrupted := append(append(held(8), false), held(7)...)
	assert.Equal(t, []time.Duration{60 * time.Second, 150 * time.Second}, replay.Webhooks(interrupted...), "a minute anew")
}

func TestNewMembersServeOneBootTimeLater(t *testing.T) {
	t.Parallel()
	pool := replay.NewModelPool(replay.DefaultConfig(), 2)
	assert.Equal(t, 2, pool.Advance(0))
	require.NoError(t, pool.Resize(t.Context(), 4))
	assert.Equal(t, 2, pool.Advance(110*time.Second))
	require.NoError(t, pool.Resize(t.Context(), 5))
	assert.Equal(t, 4, pool.Advance(10*time.Second))
	assert.Equal(t, 5, pool.Advance(110*time.Second))
}

func TestMembersGoAsTheProviderOrTheLoopSays(t *testing.T) {
	t.Parallel()
	names := func(pool replay.ModelPool) (list []string) {
		status, err := pool.Status(t.Context())
		require.NoError(t, err)
		for _, m := range status.Members {
			list = append(list, m.Name)
		}
		return list
	}
	pool := replay.NewModelPool(replay.DefaultConfig(), 5)
	require.NoError(t, pool.Resize(t.Context(), 4))
	assert.Equal(t, []string{"member-2", "member-3", "member-4", "member-5"}, names(pool), "the oldest")
	require.NoError(t, pool.Evict(t.Context(), []string{"member-4"}))
	assert.Equal(t, []string{"member-2", "member-3", "member-5"}, names(pool))
	assert.Equal(t, 3, pool.Advance(0))
	require.ErrorIs(t, pool.Evict(t.Context(), []string{"member-4"}), autoscale.ErrRefused)
	require.ErrorIs(t, pool.Resize(t.Context(), -1), autoscale.ErrRefused)
}

func TestFailedStartsFollowFromTheSeed(t *testing.T) {
	t.Parallel()
	serving := func(seed uint64) int {
		cfg := replay.DefaultConfig()
		cfg.FailedStarts, cfg.Seed = 0.5, seed
		pool := replay.NewModelPool(cfg, 1)
		require.NoError(t, pool.Resize(t.Context(), 101))
		return pool.Advance(cfg.Boot)
	}
	assert.InDelta(t, 51, serving(1), 15)
	assert.Equal(t, serving(1), serving(1))
	assert.NotEqual(t, serving(1), serving(2))
}

// TestStepFollowsAStep: the load doubles at once, and the pool grows by one member a
// turn, as the alerts ask.
func TestStepFollowsAStep(t *testing.T) {
	t.Parallel()
	loads := make([]float64, 121)
	for i := range loads {
		loads[i] = 5
		if i >= 30 {
			loads[i] = 10
		}
	}
	trace, err := replay.NewTrace("step", points(time.Minute, loads...))
	require.NoError(t, err)
	cfg := replay.DefaultConfig()
	cfg.Peak = 10
	result, err := replay.Run(t.Context(), trace, cfg, replay.Step(), nil)
	require.NoError(t, err)
	first, last := result.Timeline[0], result.Timeline[len(result.Timeline)-1]
	assert.Equal(t, 5, first.Serving)
	assert.GreaterOrEqual(t, last.Serving, 10)
	assert.LessOrEqual(t, last.Serving, 14, "while members boot, some more are asked for")
	for i, s := range result.Timeline[1:] {
		assert.LessOrEqual(t, s.Asked-result.Timeline[i].Asked, 1)
	}

	ideal, err := replay.Run(t.Context(), trace, cfg, replay.Clairvoyant(), nil)
	require.NoError(t, err)
	assert.Zero(t, ideal.Figures.UnderAccuracy)
	assert.Less(t, ideal.Figures.CostRatio, 1.02)
}

// TestClairvoyantNeverLacksAMember: on any load, however fast it changes.
func TestClairvoyantNeverLacksAMember(t *testing.T) {
	t.Parallel()
	loads := make([]float64, 2000)
	for i := range loads {
		loads[i] = float64((i * i * 7919) % 101)
	}
	trace, err := replay.NewTrace("noise", points(30*time.Second, loads...))
	require.NoError(t, err)
	for _, boot := range []time.Duration{0, 45 * time.Second, 10 * time.Minute} {
		cfg := replay.DefaultConfig()
		cfg.Boot, cfg.FailedStarts = boot, 0.3
		result, err := replay.Run(t.Context(), trace, cfg, replay.Clairvoyant(), nil)
		require.NoError(t, err)
		assert.Zero(t, result.Figures.UnderAccuracy, "boot time %s", boot)
	}
}

func TestFailedStartsAreReplaced(t *testing.T) {
	t.Parallel()
	loads := make([]float64, 600)
	for i := range loads {
		loads[i] = float64(1 + i/60)
	}
	trace, err := replay.NewTrace("growth", points(time.Minute, loads...))
	require.NoError(t, err)
	cfg := replay.DefaultConfig()
	cfg.FailedStarts = 0.2
	result, err := replay.Run(t.Context(), trace, cfg, replay.Step(), nil)
	require.NoError(t, err)
	last := result.Timeline[len(result.Timeline)-1]
	assert.GreaterOrEqual(t, last.Serving, last.Needed-1)
}

func TestRunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	trace, err := replay.NewTrace("web", points(time.Minute, 1, 2, 3))
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	_, err = replay.Run(ctx, trace, replay.DefaultConfig(), replay.Step(), nil)
	require.ErrorIs(t, err, context.Canceled)
}

func TestRunRefusesWrongSettings(t *testing.T) {
	t.Parallel()
	trace, err := replay.NewTrace("web", points(time.Minute, 1, 2, 3))
	require.NoError(t, err)
	for field, change := range map[string]func(*replay.Config){
		"Peak":         func(cfg *replay.Config) { cfg.Peak = 0 },
		"Objective":    func(cfg *replay.Config) { cfg.Objective = 1.1 },
		"Boot":         func(cfg *replay.Config) { cfg.Boot = 1500 * time.Millisecond },
		"Interval":     func(cfg *replay.Config) { cfg.Interval = time.Second },
		"Min":          func(cfg *replay.Config) { cfg.Min = 0 },
		"Max":          func(cfg *replay.Config) { cfg.Max = 0 },
		"Samples":      func(cfg *replay.Config) { cfg.Samples = 0 },
		"FailedStarts": func(cfg *replay.Config) { cfg.FailedStarts = 2 },
	} {
		cfg := replay.DefaultConfig()
		change(&cfg)
		_, err := replay.Run(t.Context(), trace, cfg, replay.Step(), nil)
		require.ErrorContains(t, err, field)
	}
}
