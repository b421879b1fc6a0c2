package autoscale_test

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	timetable "github.com/exopool/exopool/schedule" // another schedule is in these tests
)

// entries returns a schedule. The clock of a world begins at 12:00 UTC.
func entries(t *testing.T, text string) autoscale.Schedule {
	t.Helper()
	s, err := timetable.Parse(text)
	require.NoError(t, err)
	return s
}

func TestASizeOutOfTheBoundsOfTheScheduleIsCorrected(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	w := newWorld(t, 4, func(cfg *autoscale.Config) {
		cfg.Schedule, cfg.Registerer = entries(t, "noon: 2 12 * * * UTC for 10m at least 3 at most 3"), registry
		cfg.Min, cfg.StartTimeout = 2, autoscale.MinInterval
	})
	w.heal()
	d := w.turn()
	assert.Equal(t, autoscale.ReasonNoDemand, d.Reason)
	assert.Equal(t, &autoscale.Bounds{Min: 3, Max: 5, Entries: []string{"noon"}}, d.Bounds, "a floor comes early")
	d = w.turn()
	assert.Equal(t, autoscale.Resized, d.Result)
	assert.Equal(t, autoscale.ReasonSchedule, d.Reason)
	assert.Equal(t, 3, d.To)
	assert.Contains(t, d.Explain(), "\nBy the schedule it is 3 to 3: noon.\n")
	assert.Equal(t, []int{2, 5}, []int{d.Minimum, d.Maximum}, "as configured")
	assert.Equal(t, &autoscale.Bounds{Min: 3, Max: 3, Entries: []string{"noon"}}, d.Bounds)
	require.NoError(t, testutil.GatherAndCompare(registry, strings.NewReader(`
# HELP exopool_autoscaler_pool_size_lower_bound Minimum size in force, by the schedule.
# TYPE exopool_autoscaler_pool_size_lower_bound gauge
exopool_autoscaler_pool_size_lower_bound 3
# HELP exopool_autoscaler_pool_size_upper_bound Maximum size in force, by the schedule and the budget.
# TYPE exopool_autoscaler_pool_size_upper_bound gauge
exopool_autoscaler_pool_size_upper_bound 3
`), "exopool_autoscaler_pool_size_lower_bound", "exopool_autoscaler_pool_size_upper_bound"))

	w.webhook(up)
	assert.Equal(t, fate{up: autoscale.ReasonAtMaximum}, fates(w.turn()))
	w.webhook(down)
	assert.Equal(t, fate{down: autoscale.ReasonAtMinimum}, fates(w.turn()))
	w.clock.Advance(10 * time.Minute)
	w.webhook(down)
	d = w.turn()
	assert.Equal(t, autoscale.ReasonStepDown, d.Reason)
	assert.Equal(t, &autoscale.Bounds{Min: 2, Max: 5}, d.Bounds)
}

func TestTheConfiguredBoundsHoldForTheScheduleToo(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]autoscale.Bounds{
		"at least 9":           {Min: 5, Max: 5},
		"at least 1":           {Min: 2, Max: 5},
		"at most 1":            {Min: 2, Max: 2},
		"at most 9":            {Min: 2, Max: 5},
		"at least 3 at most 4": {Min: 3, Max: 4},
		"at least 4; b: 0 12 * * * UTC for 1h at most 3": {Min: 4, Max: 4},
	} {
		w := newWorld(t, 3, func(cfg *autoscale.Config) {
			cfg.Min, cfg.Schedule = 2, entries(t, "a: 0 12 * * * UTC for 1h "+text)
		})
		got := w.turn().Bounds
		got.Entries = nil
		assert.Equal(t, &want, got, text)
	}
}

// The pool has as many members as the floor asks for when it is to be reached, and
// they serve, whatever step it takes.
func TestMembersServeWhenTheirFloorIsToBeReached(t *testing.T) {
	t.Parallel()
	const startTime = 4 * time.Minute
	for name, change := range map[string]func(*autoscale.Config){
		"one by one":           func(*autoscale.Config) {},
		"two by two":           func(cfg *autoscale.Config) { cfg.Step = 2 },
		"by a policy, at once": func(cfg *autoscale.Config) { cfg.Policy = exact{} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 1, change, func(cfg *autoscale.Config) {
				cfg.Max, cfg.StartTimeout = 20, startTime
				cfg.Schedule = entries(t, "later: 30 12 * * * UTC for 1h at least 7")
			})
			w.heal()
			reached := time.Time{}
			for w.clock.Now().Before(noon.Add(29 * time.Minute)) {
				if size := w.pool.Size(); size == 7 && reached.IsZero() {
					reached = w.clock.Now()
				}
				w.turn()
			}
			require.False(t, reached.IsZero(), "a size of %d", w.pool.Size())
			early := noon.Add(30 * time.Minute).Sub(reached)
			assert.GreaterOrEqual(t, early, startTime)
			assert.LessOrEqual(t, early, startTime+3*time.Minute)
		})
	}
}

// A start that is faster than it may be changes what is known, and a floor that is in
// force early stays.
func TestAFloorThatIsInForceEarlyStays(t *testing.T) {
	t.Parallel()
	w, g := newLoadWorld(t, 1, func(cfg *autoscale.Config) {
		cfg.Schedule = entries(t, "later: 30 12 * * * UTC for 1h at least 4")
	})
	for w.pool.Size() < 4 {
		w.loaded(g, 1)
	}
	assert.Equal(t, noon.Add(18*time.Minute), w.clock.Now(), "after the longest start")
	for _, health := range []autoscale.Health{autoscale.Unhealthy, autoscale.Healthy} {
		for n := 1; n < 4; n++ {
			w.pool.SetHealth(n, health)
		}
		w.loaded(g, 1)
	}
	for w.clock.Now().Before(noon.Add(time.Hour)) {
		w.loaded(g, 1)
		require.Equal(t, 4, w.pool.Size(), "at %s", w.clock.Now())
	}
}

// A member that was evicted because it did not serve is replaced once, though the
// floor wants it back, too.
func TestAFloorReplacesWhatARepairHasEvicted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3, func(cfg *autoscale.Config) {
		cfg.Schedule, cfg.RepairAfter = entries(t, "a: 0 12 * * * UTC for 5h at least 3"), time.Minute
	})
	w.heal()
	w.turn()
	w.pool.SetHealth(0, autoscale.Unhealthy)
	for range 10 {
		w.turn()
	}
	assert.Equal(t, 3, w.pool.Size())
}
