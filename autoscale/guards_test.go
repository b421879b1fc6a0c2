package autoscale_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
)

// newGuardedWorld returns a world whose size follows a load, with guards.
func newGuardedWorld(t *testing.T, size int, guards autoscale.Guards) (*world, *gauge) {
	t.Helper()
	return newLoadWorld(t, size, func(cfg *autoscale.Config) { cfg.Guards = guards })
}

// follow takes a turn for each load, and returns the sizes that the pool then has.
func (w *world) follow(g *gauge, loads ...float64) (sizes []int) {
	for _, load := range loads {
		w.loaded(g, load)
		sizes = append(sizes, w.pool.Size())
	}
	return sizes
}

func TestGuards(t *testing.T) {
	t.Parallel()
	const minute = time.Minute
	tests := map[string]struct {
		guards autoscale.Guards
		loads  []float64
		want   []int
		last   autoscale.Reason
	}{
		"none": {autoscale.Guards{}, []float64{5, 2, 5, 2}, []int{5, 2, 5, 2}, autoscale.ReasonPolicyDown},
		"a lull is waited out": {
			autoscale.Guards{DownStabilization: 3 * minute},
			[]float64{5, 2, 3, 2, 3, 2},
			[]int{5, 5, 5, 5, 3, 3},
			autoscale.ReasonStabilizing,
		},
		"a peak is waited out": {
			autoscale.Guards{UpStabilization: 2 * minute},
			[]float64{3, 9, 3, 8, 9, 7},
			[]int{3, 3, 3, 3, 3, 7},
			autoscale.ReasonPolicyUp,
		},
		"after growth it does not grow for a while": {
			autoscale.Guards{UpCooldown: 3 * minute},
			[]float64{3, 4, 9, 9, 9, 10},
			[]int{3, 4, 4, 4, 9, 9},
			autoscale.ReasonCooldown,
		},
		"but it shrinks": {autoscale.Guards{UpCooldown: 3 * minute}, []float64{3, 4, 2}, []int{3, 4, 2}, autoscale.ReasonPolicyDown},
		"after any change it does not shrink for a while": {
			autoscale.Guards{DownCooldown: 2 * minute},
			[]float64{3, 5, 2, 2, 2, 1},
			[]int{3, 5, 5, 2, 2, 1},
			autoscale.ReasonPolicyDown,
		},
		"but it grows": {autoscale.Guards{DownCooldown: 3 * minute}, []float64{3, 5, 7}, []int{3, 5, 7}, autoscale.ReasonPolicyUp},
		"only so many come in a while": {
			autoscale.Guards{UpRate: autoscale.Rate{Members: 3, Per: 2 * minute}},
			[]float64{1, 9, 9, 9, 9, 9},
			[]int{1, 4, 4, 7, 7, 9},
			autoscale.ReasonPolicyUp,
		},
		"only so many go in a while": {
			autoscale.Guards{DownRate: autoscale.Rate{Members: 2, Per: 3 * minute}},
			[]float64{9, 8, 1, 1, 1, 1},
			[]int{9, 8, 7, 7, 6, 5},
			autoscale.ReasonPolicyDown,
		},
		"it goes up and down only so often": {
			autoscale.Guards{Reversals: 2},
			[]float64{3, 5, 3, 5, 3, 6, 3},
			[]int{3, 5, 3, 5, 5, 6, 6},
			autoscale.ReasonReversals,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, g := newGuardedWorld(t, tt.want[0], tt.guards)
			w.loaded(g, tt.loads[0]) // the size that it begins with is no change
			sizes := w.follow(g, tt.loads[1:]...)
			assert.Equal(t, tt.want[1:], sizes)
			decisions := w.loop.Decisions()
			assert.Equal(t, tt.last, decisions[len(decisions)-1].Reason)
		})
	}
}

// TestGuardsRememberAcrossRestarts, in each turn.
func TestGuardsRememberAcrossRestarts(t *testing.T) {
	t.Parallel()
	guards := autoscale.Guards{
		UpCooldown: 2 * time.Minute, DownCooldown: 4 * time.Minute, DownStabilization: 3 * time.Minute, UpStabilization: time.Minute,
		UpRate: autoscale.Rate{Members: 4, Per: 5 * time.Minute}, DownRate: autoscale.Rate{Members: 2, Per: 5 * time.Minute}, Reversals: 3,
	}
	loads := []float64{3, 9, 9, 9, 2, 2, 2, 2, 2, 8, 8, 2, 2, 2, 2, 2, 9, 9, 9, 1, 1, 1, 1, 1, 1, 1, 1, 1}
	w, g := newGuardedWorld(t, 3, guards)
	want := w.follow(g, loads...)
	again, g := newGuardedWorld(t, 3, guards)
	var got []int
	for _, load := range loads {
		again.start()
		got = append(got, again.follow(g, load)...)
	}
	assert.Equal(t, want, got)
	assert.Greater(t, len(w.pool.Resizes()), 4)
}

// TestRepairsAreNoChanges: neither do guards hold them back, nor do they count.
func TestRepairsAreNoChanges(t *testing.T) {
	t.Parallel()
	w := newHealthyWorld(t, 3, func(cfg *autoscale.Config) {
		cfg.Guards = autoscale.Guards{UpCooldown: time.Hour, DownCooldown: time.Hour, Reversals: 1}
	})
	w.pool.SetHealth(1, autoscale.Unhealthy)
	w.pass(13)
	require.Equal(t, []int{2, 3}, w.pool.Resizes())
	w.webhook(down)
	assert.Equal(t, autoscale.ReasonStepDown, w.turn().Reason)
	w.webhook(down)
	d := w.turn()
	assert.Equal(t, autoscale.ReasonCooldown, d.Reason)
	assert.Empty(t, d.Settled, "the webhook waits")
}

func TestEarlierSizesThatAreWrongAreIgnored(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"damaged":      `{"version":1,"pool":"at-vie-1/web"`,
		"another":      `{"version":2,"pool":"at-vie-1/web"}`,
		"another pool": `{"version":1,"pool":"at-vie-1/other","last":{"at":"2026-03-01T12:00:00Z","size":3}}`,
		"in disorder":  `{"version":1,"pool":"at-vie-1/web","last":{"at":"2026-03-01T12:00:00Z","size":3},"changes":[{"at":"2026-03-01T12:00:00Z","size":2},{"at":"2026-03-01T11:59:00Z","size":3}]}`,
		"negative":     `{"version":1,"pool":"at-vie-1/web","last":{"at":"2026-03-01T12:00:00Z","size":-3}}`,
		"of no time":   `{"version":1,"pool":"at-vie-1/web","last":{"at":"2026-03-01T12:00:00Z","size":3},"changes":[{"size":2}]}`,
		"later":        `{"version":1,"pool":"at-vie-1/web","last":{"at":"2027-03-01T12:00:00Z","size":3},"before":2,"changes":[{"at":"2027-03-01T12:00:00Z","size":3}]}`,
	} {
		w, g := newGuardedWorld(t, 3, autoscale.Guards{DownCooldown: time.Hour})
		require.NoError(t, os.WriteFile(filepath.Join(w.cfg.StateDir, "guards.json"), []byte(content), 0o600))
		w.start()
		assert.Equal(t, []int{2}, w.follow(g, 2), name)
	}
}

func TestGuardsAreChecked(t *testing.T) {
	t.Parallel()
	_, err := autoscale.New(autoscale.Config{Pool: newWorld(t, 1).pool, Guards: autoscale.Guards{
		UpStabilization: -1, DownStabilization: 25 * time.Hour, UpRate: autoscale.Rate{Members: 1}, Reversals: -1,
	}})
	require.Error(t, err)
	for _, want := range []string{"UpStabilization", "DownStabilization", "UpRate is 1 members in 0s: set 1 to 10000 members in up to 24h0m0s", "Reversals"} {
		assert.ErrorContains(t, err, want)
	}
}
