package autoscale_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/fake"
)

// TestStartTimesSurviveARestart in each turn but those in which members start, whose
// starts are not measured: floors are in force as early as without.
func TestStartTimesSurviveARestart(t *testing.T) {
	t.Parallel()
	play := func(restarts bool) (sizes []int, bounds []autoscale.Bounds, seen []time.Duration) {
		policy := &spy{}
		w, g := newLoadWorld(t, 1, func(cfg *autoscale.Config) {
			cfg.Policy = policy
			cfg.Schedule = entries(t, "soon: 20 12 * * * UTC for 2m at least 3; later: 50 12 * * * UTC for 10m at least 2")
		})
		ready := 0
		for minute := range 60 {
			if restarts && policy.last.Starting == 0 {
				w.start()
			}
			size := w.pool.Size()
			bounds = append(bounds, *w.loaded(g, 1).Bounds)
			for n := size; n < w.pool.Size(); n++ {
				w.pool.SetHealth(n, autoscale.Unhealthy)
				ready = minute + 3
			}
			for n := 0; minute == ready && n < w.pool.Size(); n++ {
				w.pool.SetHealth(n, autoscale.Healthy)
			}
			sizes, seen = append(sizes, w.pool.Size()), append(seen, policy.last.StartTime)
		}
		return sizes, bounds, seen
	}
	sizes, bounds, seen := play(false)
	assert.Contains(t, sizes, 3)
	assert.NotZero(t, seen[len(seen)-1])
	sizesAgain, boundsAgain, seenAgain := play(true)
	assert.Equal(t, sizes, sizesAgain)
	assert.Equal(t, bounds, boundsAgain)
	assert.Equal(t, seen, seenAgain)
}

func TestStartTimesThatAreWrongAreIgnored(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		content string
		want    time.Duration
	}{
		"right":         {`{"version":1,"pool":"at-vie-1/web","times_ns":[60000000000,120000000000,1],"ahead_ns":0}`, 2 * time.Minute},
		"none yet":      {`{"version":1,"pool":"at-vie-1/web","times_ns":null,"ahead_ns":0}`, 0},
		"version":       {`{"version":2,"pool":"at-vie-1/web","times_ns":[1]}`, 0},
		"another pool":  {`{"version":1,"pool":"at-vie-1/other","times_ns":[1]}`, 0},
		"negative":      {`{"version":1,"pool":"at-vie-1/web","times_ns":[-1]}`, 0},
		"too long":      {`{"version":1,"pool":"at-vie-1/web","times_ns":[86400000000001]}`, 0},
		"too many":      {`{"version":1,"pool":"at-vie-1/web","times_ns":[1,1,1,1,1,1]}`, 0},
		"too early":     {`{"version":1,"pool":"at-vie-1/web","times_ns":[1],"ahead_ns":-1}`, 0},
		"far too early": {`{"version":1,"pool":"at-vie-1/web","times_ns":[1],"ahead_ns":9000000000000000000}`, 0},
		"no JSON":       {`starts`, 0},
	} {
		seen := &spy{}
		w, g := newLoadWorld(t, 1, func(cfg *autoscale.Config) { cfg.Policy = seen })
		require.NoError(t, os.WriteFile(filepath.Join(w.cfg.StateDir, "starts.json"), []byte(test.content), 0o600), name)
		w.start()
		w.loaded(g, 1)
		assert.Equal(t, test.want, seen.last.StartTime, name)
	}
}

// TestAStartTakesNoLongerThanItMay: neither a clock that jumps nor hours in which the
// pool could not be read make forecasts and schedules look ahead for hours.
func TestAStartTakesNoLongerThanItMay(t *testing.T) {
	t.Parallel()
	seen := &spy{}
	w, g := newLoadWorld(t, 1, func(cfg *autoscale.Config) { cfg.Policy = seen })
	w.loaded(g, 1)
	w.pool.SetSize(2)
	w.pool.SetHealth(1, autoscale.Unhealthy)
	w.loaded(g, 1)
	w.pool.SetHealth(1, autoscale.Healthy)
	w.clock.Advance(5 * time.Hour)
	w.loaded(g, 1)
	w.loaded(g, 1)
	assert.Equal(t, 10*time.Minute, seen.last.StartTime)

	w.cfg.StartTimeout = 4 * time.Minute
	w.start()
	w.loaded(g, 1)
	assert.Equal(t, 4*time.Minute, seen.last.StartTime, "less is allowed than before")
}

// TestFloorsAreNoEarlierThanStartsMayTakeNow, whatever an earlier run was allowed.
func TestFloorsAreNoEarlierThanStartsMayTakeNow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, func(cfg *autoscale.Config) {
		cfg.StartTimeout, cfg.Schedule = autoscale.MaxStartTimeout, entries(t, "morning: 0 8 * * * UTC for 1h at least 3")
	})
	w.heal()
	require.Equal(t, 3, w.turn().Bounds.Min)
	w.cfg.StartTimeout = 10 * time.Minute
	w.start()
	assert.Equal(t, 1, w.turn().Bounds.Min)
}

// TestStartTimesOfAnotherPoolAreForgotten: a new pool has the name.
func TestStartTimesOfAnotherPoolAreForgotten(t *testing.T) {
	t.Parallel()
	seen := &spy{}
	w, g := newLoadWorld(t, 1, func(cfg *autoscale.Config) { cfg.Policy = seen })
	w.pool.SetSettings("a")
	w.loaded(g, 1)
	file := filepath.Join(w.cfg.StateDir, "starts.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"version":1,"pool":"at-vie-1/web","times_ns":[1000000000]}`), 0o600))
	w.start()
	w.loaded(g, 1)
	assert.Equal(t, time.Second, seen.last.StartTime)

	w.pool.Delete()
	w.pool.Restore(1)
	w.pool.SetSettings("b")
	w.start()
	w.loaded(g, 1)
	assert.Zero(t, seen.last.StartTime)
	w.start()
	w.loaded(g, 1)
	assert.Zero(t, seen.last.StartTime, "not only in memory")
}

// FuzzStartsFile: with any file of start times, the program starts, keeps its bounds,
// and finds the next time what it has written.
func FuzzStartsFile(f *testing.F) {
	f.Add([]byte(`{"version":1,"pool":"/web","times_ns":[60000000000,0],"ahead_ns":3600000000000}`))
	f.Add([]byte(`{"version":1,"pool":"/web","times_ns":[86400000000000],"ahead_ns":36093600000000000}`))
	f.Add([]byte(`{"version":1,"pool":"/web","times_ns":[-1,9223372036854775807],"ahead_ns":-1}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), "starts.json")
		require.NoError(t, os.WriteFile(path, content, 0o600))
		clock := fake.NewClock(noon)
		pool := fake.NewPool("web", 1, clock)
		cfg := autoscale.Config{
			Pool: pool, PoolName: "web", StateDir: filepath.Dir(path), Max: 4, Clock: clock,
			Schedule: entries(t, "a: 30 12 * * * UTC for 1h at least 3"),
		}
		for range 3 {
			loop, err := autoscale.New(cfg)
			require.NoError(t, err)
			bounds := loop.RunOnce(t.Context()).Bounds
			require.NotNil(t, bounds)
			assert.Contains(t, []int{1, 3}, bounds.Min)
			before, err := os.ReadFile(path)
			require.NoError(t, err)
			again, err := autoscale.New(cfg)
			require.NoError(t, err)
			assert.Equal(t, bounds, again.RunOnce(t.Context()).Bounds)
			after, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, string(before), string(after))
			clock.Advance(time.Minute)
		}
	})
}
