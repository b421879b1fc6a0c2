package autoscale_test

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
)

// second returns another autoscaler of the same pool, with a state directory
// and settings of its own.
func (w *world) second(change ...func(*autoscale.Config)) *world {
	w.Helper()
	other := *w
	other.cfg.StateDir = w.TempDir()
	for _, c := range change {
		c(&other.cfg)
	}
	other.start()
	return &other
}

// rounds lets both take turns, half an interval apart, each with a webhook
// before it.
func (w *world) rounds(n int, other *world, first, second autoscale.Direction) (reasons [2][]autoscale.Reason) {
	for range n {
		for i, one := range []*world{w, other} {
			one.webhook([]autoscale.Direction{first, second}[i])
			w.clock.Advance(30 * time.Second)
			reasons[i] = append(reasons[i], one.loop.RunOnce(w.Context()).Reason)
		}
	}
	return reasons
}

func TestOneOfTwoAutoscalersStopsResizing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, func(cfg *autoscale.Config) { cfg.Max = 20; cfg.Registerer = prometheus.NewRegistry() })
	other := w.second(func(cfg *autoscale.Config) { cfg.Registerer = prometheus.NewRegistry() })

	reasons := w.rounds(4, other, up, up)

	assert.Equal(t, [2][]autoscale.Reason{
		{"step-up", "step-up", "step-up", "contended"},
		{"step-up", "step-up", "step-up", "step-up"},
	}, reasons)
	assert.Equal(t, 8, w.pool.Size())
	require.NoError(t, testutil.GatherAndCompare(w.cfg.Registerer.(prometheus.Gatherer), metric("contended", "gauge", "1 while the pool is not resized because something else scales it, too.", "1"), "exopool_autoscaler_contended"))
	require.NoError(t, testutil.GatherAndCompare(w.cfg.Registerer.(prometheus.Gatherer), metric("foreign_changes_total", "counter", "Sizes read that this program has not set.", "3"), "exopool_autoscaler_foreign_changes_total"))

	reasons = w.rounds(7, other, up, up)
	for _, reason := range reasons[0] {
		assert.Equal(t, autoscale.ReasonContended, reason, "as long as the other one goes on")
	}
	assert.Equal(t, 15, w.pool.Size(), "eleven steps of one, three of the other")
}

// TestHowOftenASecondAutoscalerActsUndetected holds the decision page to its
// table.
func TestHowOftenASecondAutoscalerActsUndetected(t *testing.T) {
	t.Parallel()
	for every, noticed := range map[int]int{1: 4, 2: 7, 3: 10, 4: 13, 5: 0, 6: 0} { // turns
		w := newWorld(t, 1, func(cfg *autoscale.Config) { cfg.Max = 100 })
		other := w.second()
		at := 0
		for turn := 1; turn <= 50 && at == 0; turn++ {
			w.clock.Advance(30 * time.Second)
			w.webhook(up)
			if w.loop.RunOnce(t.Context()).Reason == autoscale.ReasonContended {
				at = turn
			}
			w.clock.Advance(30 * time.Second)
			if turn%every == 0 {
				other.webhook(up)
				other.loop.RunOnce(t.Context())
			}
		}
		assert.Equal(t, noticed, at, "a second autoscaler that acts every %d turns", every)
	}
}

func TestTwoAutoscalersWithOppositeWebhooks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	reasons := w.rounds(6, w.second(), up, down)
	assert.Equal(t, []autoscale.Reason{"step-up", "step-up", "step-up", "contended", "contended", "contended"}, reasons[0])
	assert.Equal(t, 1, w.pool.Size(), "the other one has its way")
}

// contend lets something else take back each of n resizes of this program.
func (w *world) contend(n int) {
	for range n {
		w.webhook(up)
		before := w.turn()
		assert.Equal(w, autoscale.ReasonStepUp, before.Reason)
		w.pool.SetSize(before.From)
	}
}

// TestAChangeRightAfterResumeCounts: it is not among those that the operator
// has dealt with.
func TestAChangeRightAfterResumeCounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.turn()
	require.NoError(t, w.loop.Resume(t.Context()))
	w.pool.SetSize(3)
	assert.True(t, w.turn().ForeignChange)
	w.contend(2)
	w.webhook(up)
	assert.Equal(t, autoscale.ReasonContended, w.turn().Reason)
}

func TestAContentionEndsWhenItIsQuiet(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.contend(3)
	w.webhook(up)
	for range 11 { // the first sees the last change
		require.Equal(t, autoscale.ReasonContended, w.turn().Reason)
	}
	assert.Equal(t, autoscale.ReasonNoDemand, w.turn().Reason, "the webhook has expired meanwhile")
	w.webhook(up)
	assert.Equal(t, autoscale.ReasonStepUp, w.turn().Reason)
}

func TestHarmlessChangesAreNoContention(t *testing.T) {
	t.Parallel()
	tests := map[string]func(w *world){
		"one change by hand": func(w *world) { w.pool.SetSize(4) },
		"two changes between two turns": func(w *world) {
			w.pool.SetSize(4)
			w.pool.SetSize(3)
		},
		"two of its resizes taken back": func(w *world) { w.contend(2) },
		"three of its resizes taken back, far apart": func(w *world) {
			for range 2 {
				w.contend(1)
				for range 4 {
					w.turn()
				}
			}
			w.contend(1)
		},
		"changes while it resizes nothing": func(w *world) {
			for _, size := range []int{4, 3, 4, 3, 4, 3} {
				w.pool.SetSize(size)
				w.turn()
			}
		},
		"changes during a pause": func(w *world) {
			w.contend(2)
			w.pause(0, "")
			for _, size := range []int{4, 3, 4, 3} {
				w.pool.SetSize(size)
				w.turn()
			}
			assert.NoError(w, w.loop.Resume(w.Context()))
		},
		"a change after the last turn of a pause": func(w *world) {
			w.contend(2)
			w.pause(90*time.Second, "")
			w.turn()
			w.pool.SetSize(3)
		},
		"a pause since": func(w *world) {
			w.contend(3)
			w.pause(90*time.Second, "")
			w.turn()
		},
		"own steps": func(w *world) {
			for range 4 {
				w.webhook(up)
				w.turn()
				w.webhook(down)
				w.turn()
			}
		},
		"own steps whose answers are lost": func(w *world) {
			for range 4 {
				w.pool.LoseNext("resize", lost.error)
				w.webhook(up)
				w.turn()
				w.turn()
				w.webhook(down)
				w.turn()
			}
		},
		"own steps that are carried out late": func(w *world) {
			w.pool.SetSize(1)
			w.turn()
			for size := range 3 {
				w.pool.FailNext("resize", lost.error)
				w.webhook(up)
				w.turn()
				w.pool.SetState("scaling-up")
				w.turn()
				w.pool.SetSize(2 + size)
				w.pool.SetState("")
				w.turn()
			}
		},
		"own requests that fail": func(w *world) {
			for range 4 {
				w.pool.FailNext("resize", autoscale.ErrRefused)
				w.webhook(up)
				w.turn()
			}
		},
		"an API that shows our own step a turn late": func(w *world) {
			w.webhook(up)
			w.turn()
			w.pool.SetSize(2)
			w.turn()
			w.pool.SetSize(3)
			w.turn()
		},
		"a restart": func(w *world) {
			w.contend(3)
			w.start()
		},
		"resumed by an operator": func(w *world) {
			w.contend(3)
			w.turn()
			assert.NoError(w, w.loop.Resume(w.Context()))
		},
	}
	for name, happens := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 2)
			w.turn()
			happens(w)
			w.webhook(up)
			assert.Equal(t, autoscale.ReasonStepUp, w.turn().Reason)
		})
	}
}

func TestADryRunBesideAnAutoscalerKeepsDeciding(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	dry := w.second(func(cfg *autoscale.Config) { cfg.DryRun = true })
	reasons := w.rounds(4, dry, up, up)
	assert.Equal(t, [2][]autoscale.Reason{
		{"step-up", "step-up", "step-up", "step-up"},
		{"step-up", "step-up", "step-up", "at-maximum"},
	}, reasons)
	assert.Equal(t, []int{2, 3, 4, 5}, w.pool.Resizes())
}
