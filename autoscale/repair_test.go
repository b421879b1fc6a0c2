package autoscale_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
)

// newHealthyWorld returns a world of healthy members.
func newHealthyWorld(t *testing.T, size int, change ...func(*autoscale.Config)) *world {
	t.Helper()
	w := newWorld(t, size, change...)
	w.heal()
	w.turn()
	return w
}

// heal makes all members healthy but those that are unhealthy already.
func (w *world) heal() {
	status, err := w.pool.Status(w.Context())
	require.NoError(w, err)
	for i, m := range status.Members {
		if status.HealthErr == nil && m.Health == autoscale.HealthUnknown {
			w.pool.SetHealth(i, autoscale.Healthy)
		}
	}
}

// pass lets turns pass in which new members become healthy.
func (w *world) pass(turns int) (reasons []autoscale.Reason) {
	for range turns {
		reasons = append(reasons, w.turn().Reason)
		w.heal()
	}
	return reasons
}

func repeated(reason autoscale.Reason, n int) (list []autoscale.Reason) {
	for range n {
		list = append(list, reason)
	}
	return list
}

func TestAMemberThatDoesNotServeIsReplaced(t *testing.T) {
	t.Parallel()
	w := newHealthyWorld(t, 3)
	sick := w.pool.SetHealth(1, autoscale.Unhealthy)

	assert.Equal(t, repeated(autoscale.ReasonNoDemand, 10), w.pass(10), "it may recover")
	d := w.turn()
	assert.Equal(t, autoscale.ReasonRepair, d.Reason)
	assert.Equal(t, autoscale.Resized, d.Result)
	assert.Equal(t, sick, d.Victims[0].ID)
	assert.Equal(t, []int{3, 2}, []int{d.From, d.To})
	d = w.turn()
	assert.Equal(t, autoscale.ReasonRepair, d.Reason)
	assert.Equal(t, []int{2, 3}, []int{d.From, d.To})
	w.heal()
	assert.Equal(t, repeated(autoscale.ReasonNoDemand, 3), w.pass(3))
	assert.NotContains(t, w.pool.IDs(), sick)
	assert.Equal(t, 3, w.pool.Size())
}

func TestAMemberThatRecoversStays(t *testing.T) {
	t.Parallel()
	w := newHealthyWorld(t, 3)
	for range 3 {
		w.pool.SetHealth(1, autoscale.Unhealthy)
		w.pass(9)
		w.pool.SetHealth(1, autoscale.Healthy)
		w.pass(1)
	}
	assert.Empty(t, w.pool.Resizes())
}

// TestReadingsWithoutHealthPutOffNoRepair: the member does not serve meanwhile.
func TestReadingsWithoutHealthPutOffNoRepair(t *testing.T) {
	t.Parallel()
	w := newHealthyWorld(t, 3)
	w.pool.SetHealth(1, autoscale.Unhealthy)
	w.pass(5)
	w.pool.HideHealth(errors.New("no answer"))
	w.turn()
	w.pool.HideHealth(nil)
	w.pass(4)
	assert.Equal(t, autoscale.ReasonRepair, w.turn().Reason)
}

// TestWebhooksThatChangeNothingPutOffNoRepair: alerts repeat for as long as the load
// is high, or low.
func TestWebhooksThatChangeNothingPutOffNoRepair(t *testing.T) {
	t.Parallel()
	for direction, tt := range map[autoscale.Direction]struct {
		reason autoscale.Reason
		limits func(*autoscale.Config)
	}{
		up:   {autoscale.ReasonAtMaximum, func(cfg *autoscale.Config) { cfg.Max = 3 }},
		down: {autoscale.ReasonAtMinimum, func(cfg *autoscale.Config) { cfg.Min = 3 }},
	} {
		t.Run(string(direction), func(t *testing.T) {
			t.Parallel()
			w := newHealthyWorld(t, 3, tt.limits)
			sick := w.pool.SetHealth(1, autoscale.Unhealthy)
			var last autoscale.Decision
			for range 11 {
				w.webhook(direction)
				last = w.turn()
				assert.Equal(t, fate{direction: tt.reason}, fates(last))
			}
			assert.Equal(t, autoscale.ReasonRepair, last.Reason)
			assert.NotContains(t, w.pool.IDs(), sick)
			w.webhook(direction)
			w.turn()
			w.heal()
			w.pass(3)
			assert.Equal(t, 3, w.pool.Size())
		})
	}
}

// TestRepairsGoOnUnderABlownFuse: so the pool finds out when starts succeed again.
func TestRepairsGoOnUnderABlownFuse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, func(cfg *autoscale.Config) { cfg.Max = 50 })
	w.pool.SetHealth(0, autoscale.Healthy)
	w.turn()
	require.Equal(t, autoscale.ReasonFuseBlown, w.grow(18).Reason)
	size := w.pool.Size()
	var repairs []autoscale.Decision
	for range 8 {
		if d := w.grow(1); d.Reason == autoscale.ReasonRepair {
			repairs = append(repairs, d)
		}
	}
	require.Len(t, repairs, 2)
	assert.Empty(t, repairs[0].Settled, "the webhook waits")
	assert.Equal(t, fate{up: autoscale.ReasonRepair}, fates(repairs[1]), "a new member is what it asked for")
	assert.Equal(t, size, w.pool.Size())
}

func TestNothingIsReplacedWhileNobodyServes(t *testing.T) {
	t.Parallel()
	w := newHealthyWorld(t, 3)
	for i := range 3 {
		w.pool.SetHealth(i, autoscale.Unhealthy)
	}
	w.pass(60)
	assert.Empty(t, w.pool.Resizes(), "then it is the application, or the check")
}

func TestMembersAreReplacedOneAtATime(t *testing.T) {
	t.Parallel()
	w := newHealthyWorld(t, 5, func(cfg *autoscale.Config) { cfg.Max = 5 })
	for i := range 4 {
		w.pool.SetHealth(i, autoscale.Unhealthy)
	}
	w.pass(10)
	for range 6 {
		assert.Equal(t, autoscale.ReasonRepair, w.turn().Reason)
		assert.GreaterOrEqual(t, w.pool.Size(), 4)
		w.heal()
	}
	assert.Equal(t, autoscale.ReasonNoDemand, w.turn().Reason, "three in an hour")
	w.clock.Advance(time.Hour)
	assert.Equal(t, autoscale.ReasonRepair, w.turn().Reason)
}

func TestAReplacementIsAwaited(t *testing.T) {
	t.Parallel()
	w := newHealthyWorld(t, 4)
	w.pool.SetHealth(0, autoscale.Unhealthy)
	w.pool.SetHealth(1, autoscale.Unhealthy)
	w.pass(10)
	require.Equal(t, autoscale.ReasonRepair, w.turn().Reason)
	require.Equal(t, autoscale.ReasonRepair, w.turn().Reason)
	w.pool.SetHealth(3, autoscale.Unhealthy) // it boots
	for range 5 {
		assert.Equal(t, autoscale.ReasonNoDemand, w.turn().Reason)
	}
	w.pool.SetHealth(3, autoscale.Healthy)
	assert.Equal(t, autoscale.ReasonRepair, w.turn().Reason)
}

func TestNoRepair(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*autoscale.Config)
		happen func(*world)
	}{
		"of a member that is protected":    {happen: func(w *world) { w.pool.Protect(0) }},
		"if it is switched off":            {change: func(cfg *autoscale.Config) { cfg.RepairAfter = -1 }},
		"while the health is not known":    {happen: func(w *world) { w.pool.HideHealth(errors.New("no answer")) }},
		"while the pool is busy":           {happen: func(w *world) { w.pool.SetState("updating") }},
		"while an operator has taken over": {happen: func(w *world) { w.pause(0, "") }},
		"in a dry run":                     {change: func(cfg *autoscale.Config) { cfg.DryRun = true }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var w *world
			if tt.change != nil {
				w = newHealthyWorld(t, 3, tt.change)
			} else {
				w = newHealthyWorld(t, 3)
			}
			w.pool.SetHealth(0, autoscale.Unhealthy)
			if tt.happen != nil {
				tt.happen(w)
			}
			w.pass(30)
			assert.Empty(t, w.pool.Resizes())
		})
	}
}

// TestARepairSurvivesARestart: the member that was evicted is still replaced, and
// only once.
func TestARepairSurvivesARestart(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]bool{"after its answer": false, "before its answer": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newHealthyWorld(t, 3)
			w.pool.SetHealth(0, autoscale.Unhealthy)
			w.pass(10)
			if lose {
				w.pool.LoseNext("resize", errors.New("power cut"))
			}
			w.turn()
			require.Equal(t, 2, w.pool.Size())

			w.start()
			w.pass(5)

			assert.Equal(t, 3, w.pool.Size())
			assert.Equal(t, []int{2, 3}, w.pool.Resizes())
		})
	}
}

// TestDownWhileAMemberIsOwed: the pool is smaller already.
func TestDownWhileAMemberIsOwed(t *testing.T) {
	t.Parallel()
	w := newHealthyWorld(t, 3)
	w.pool.SetHealth(0, autoscale.Unhealthy)
	w.pass(10)
	require.Equal(t, autoscale.ReasonRepair, w.turn().Reason)
	w.webhook(down)

	d := w.turn()

	assert.Equal(t, fate{down: autoscale.ReasonNotReplaced}, fates(d))
	w.pass(5)
	assert.Equal(t, 2, w.pool.Size())
}

func TestARepairAtTheMinimumRestoresIt(t *testing.T) {
	t.Parallel()
	w := newHealthyWorld(t, 2, func(cfg *autoscale.Config) { cfg.Min = 2 })
	w.pool.SetHealth(0, autoscale.Unhealthy)
	w.pass(10)
	assert.Equal(t, []autoscale.Reason{"repair", "below-minimum", "no-demand", "no-demand"}, w.pass(4))
	assert.Equal(t, 2, w.pool.Size())
}

// TestWhoeverSetsTheSizeDecides: what was owed before is part of it, or not wanted.
func TestWhoeverSetsTheSizeDecides(t *testing.T) {
	t.Parallel()
	for name, during := range map[string]func(*world){
		"while it works":       func(*world) {},
		"during a pause":       func(w *world) { w.pause(0, ""); w.turn() },
		"while it is not here": func(w *world) { w.start() },
	} {
		for _, size := range []int{1, 3, 4} {
			t.Run(fmt.Sprint(name, " to ", size), func(t *testing.T) {
				t.Parallel()
				w := newHealthyWorld(t, 3)
				w.pool.SetHealth(0, autoscale.Unhealthy)
				w.pass(10)
				require.Equal(t, autoscale.ReasonRepair, w.turn().Reason)
				during(w)
				w.pool.SetSize(size)
				w.turn()
				require.NoError(t, w.loop.Resume(w.Context()))
				w.heal()
				w.pass(5)
				assert.Equal(t, size, w.pool.Size())
			})
		}
	}
}

// TestWhatIsOwedNeedsNoHealth: the pool may grow without it.
func TestWhatIsOwedNeedsNoHealth(t *testing.T) {
	t.Parallel()
	w := newHealthyWorld(t, 3)
	w.pool.SetHealth(0, autoscale.Unhealthy)
	w.pass(10)
	require.Equal(t, autoscale.ReasonRepair, w.turn().Reason)
	w.pool.HideHealth(errors.New("no answer"))
	assert.Equal(t, autoscale.ReasonRepair, w.turn().Reason)
	assert.Equal(t, 3, w.pool.Size())
}

// TestALowerMaximumOwesNobody: the pool may not grow for a while, and must not grow
// for that reason later.
func TestALowerMaximumOwesNobody(t *testing.T) {
	t.Parallel()
	w := newHealthyWorld(t, 3)
	w.pool.SetHealth(0, autoscale.Unhealthy)
	w.pass(10)
	require.Equal(t, autoscale.ReasonRepair, w.turn().Reason)
	for _, w.cfg.Max = range []int{2, 5} {
		w.start()
		w.pass(2)
	}
	assert.Equal(t, 2, w.pool.Size())
}

// TestARepairCountsThoughItsAnswerIsLost: three in an hour are three.
func TestARepairCountsThoughItsAnswerIsLost(t *testing.T) {
	t.Parallel()
	w := newHealthyWorld(t, 4, func(cfg *autoscale.Config) { cfg.RepairsPerHour = 1 })
	w.pool.SetHealth(0, autoscale.Unhealthy)
	w.pool.SetHealth(1, autoscale.Unhealthy)
	w.pass(10)
	w.pool.LoseNext("resize", errors.New("power cut"))
	w.pass(10)
	assert.Equal(t, []int{3, 4}, w.pool.Resizes())
}

// TestMembersThatNeverComePutOffNoRepair: a quota that is reached, for example.
func TestMembersThatNeverComePutOffNoRepair(t *testing.T) {
	t.Parallel()
	sick := member("sick", autoscale.UnhealthyNow, 0)
	sick.Broken = true
	o := autoscale.Situation{Size: 4, Members: append(members(2, autoscale.Serving), sick), MayRepair: true, AwaitsMissing: true}
	assert.Equal(t, autoscale.ReasonNoDemand, autoscale.Decide(1, 1, 6, o).Reason, "they may yet come")
	o.AwaitsMissing = false
	assert.Equal(t, []string{"sick: unhealthy"}, victims(autoscale.Decide(1, 1, 6, o)))
}
