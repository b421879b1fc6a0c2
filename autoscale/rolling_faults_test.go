package autoscale_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/fake"
)

// listOutdated makes readings show these members as outdated, as those of another
// template are, and lack all that they are compared with if the settings are empty.
func (w *world) listOutdated(ids []string) {
	w.hooks.show = func(status *autoscale.Status) {
		for i, m := range status.Members {
			for _, id := range ids {
				if m.ID == id && status.Settings != "" && m.State != "" {
					status.Members[i].Outdated = true
				}
			}
		}
	}
}

// TestAReadingThatLacksSettingsChangesNothing: what was last known stands.
func TestAReadingThatLacksSettingsChangesNothing(t *testing.T) {
	t.Parallel()
	for name, listed := range map[string]bool{"remembered": false, "listed": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newRollingWorld(t, 3)
			before := w.pool.IDs()
			if listed { // nobody has seen the settings that they were made with
				w.cfg.StateDir = stateDir(t)
				w.start()
				w.listOutdated(before)
			}
			w.pass(1)
			require.Equal(t, 4, w.pool.Size())
			w.pool.SetSettings("")
			d := w.turn()
			assert.Equal(t, 3, d.Outdated)
			require.Len(t, d.Victims, 1)
			assert.Equal(t, before[0], d.Victims[0].ID)
			w.pool.SetSettings("new")
			w.roll(20)
			assert.Equal(t, []int{4, 3, 4, 3, 4, 3}, w.pool.Resizes())
		})
	}
}

// TestAMemberThatIsKnownByItsIDForATurnStaysOutdated: only the list that lacks it
// shows its template.
func TestAMemberThatIsKnownByItsIDForATurnStaysOutdated(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.pool.SetSettings("new")
	w.listOutdated(w.pool.IDs())
	require.Equal(t, 2, w.turn().Outdated)
	w.pool.ShowState(0, "")
	assert.Equal(t, 2, w.turn().Outdated)
}

// TestAReadingThatLacksSettingsEndsNoHalt.
func TestAReadingThatLacksSettingsEndsNoHalt(t *testing.T) {
	t.Parallel()
	w := newRollingWorld(t, 2)
	w.listOutdated(w.pool.IDs())
	w.turn()
	w.pool.SetHealth(2, autoscale.Unhealthy)
	for range 11 {
		w.turn()
	}
	require.Equal(t, autoscale.ReasonRollingHalted, w.turn().Reason)
	w.pool.SetSettings("")
	assert.Equal(t, autoscale.ReasonRollingHalted, w.turn().Reason)
	w.start()
	assert.Equal(t, autoscale.ReasonRollingHalted, w.turn().Reason)
	w.pool.SetSettings("new")
	assert.Equal(t, autoscale.ReasonRollingHalted, w.turn().Reason)
	assert.Equal(t, []int{3, 2}, w.pool.Resizes())
}

// TestAPoolThatIsMadeAnewIsAnother, though it has the same name: its members have
// its settings.
func TestAPoolThatIsMadeAnewIsAnother(t *testing.T) {
	t.Parallel()
	for name, restart := range map[string]bool{"while the program runs": false, "between two runs": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newRollingWorld(t, 3)
			require.Equal(t, 3, w.turn().Outdated)
			w.heal()
			require.Equal(t, 4, w.pool.Size())
			w.pool.Delete()
			if !restart {
				require.Equal(t, autoscale.ReasonPoolNotFound, w.turn().Reason)
			}
			w.pool.Restore(4)
			w.pool.SetSettings("newest")
			if restart {
				w.start()
			}
			w.heal()
			assert.Equal(t, 0, w.turn().Outdated)
			w.pass(5)
			assert.Equal(t, []int{4}, w.pool.Resizes(), "nothing is owed to it")
		})
	}
}

// TestAListWithoutMembersIsNoOtherPool.
func TestAListWithoutMembersIsNoOtherPool(t *testing.T) {
	t.Parallel()
	w := newRollingWorld(t, 2)
	w.cfg.RollingChange = false
	w.start()
	w.hooks.show = func(status *autoscale.Status) { status.Members = nil }
	w.turn()
	w.hooks.show = nil
	assert.Equal(t, 2, w.turn().Outdated)
}

// TestAMemberThatNobodyListsForLong has not served, if it is new, and keeps no
// others from being replaced.
func TestAMemberThatNobodyListsForLong(t *testing.T) {
	t.Parallel()
	w := newRollingWorld(t, 3)
	before := w.pool.IDs()
	w.turn()
	hidden := w.pool.ShowState(3, "")
	for range 12 {
		w.turn()
	}
	assert.Equal(t, before, w.pool.IDs(), hidden)
	assert.Equal(t, autoscale.ReasonRollingHalted, w.turn().Reason)

	require.NoError(t, w.loop.Resume(t.Context()))
	w.pass(2)
	w.pool.ShowState(2, "") // the first that was new, and has served
	for range 60 {
		w.turn()
		w.heal()
	}
	for _, id := range before {
		assert.NotContains(t, w.pool.IDs(), id)
	}
	assert.Equal(t, 3, w.pool.Size())
}

// TestARollingChangeWaitsForMembersThatTheProviderOwes: it would get no other, and
// halt as if that had not served.
func TestARollingChangeWaitsForMembersThatTheProviderOwes(t *testing.T) {
	t.Parallel()
	w := newRollingWorld(t, 3)
	w.hooks.show = func(status *autoscale.Status) { status.Members = status.Members[:2] }
	w.pass(30)
	assert.Empty(t, w.pool.Resizes())
	w.hooks.show = nil
	w.roll(20)
	assert.Equal(t, []int{4, 3, 4, 3, 4, 3}, w.pool.Resizes())
}

// TestIDsThatAreTooLongAreNotWritten: a file that holds one would be damaged.
func TestIDsThatAreTooLongAreNotWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.pool.SetSettings("old")
	w.hooks.show = func(status *autoscale.Status) { status.Members[0].ID = string(make([]byte, 129)) }
	w.turn()
	w.start()
	w.pool.SetSettings("new")
	assert.Equal(t, 1, w.turn().Outdated)
}

// TestAHaltOutlivesAWebhookThatEvictsTheFailedMember.
func TestAHaltOutlivesAWebhookThatEvictsTheFailedMember(t *testing.T) {
	t.Parallel()
	w := newRollingWorld(t, 3)
	w.turn()
	bad := w.pool.SetHealth(3, autoscale.Unhealthy)
	for range 10 {
		w.turn()
	}
	w.webhook(down)
	d := w.turn()
	require.Equal(t, autoscale.ReasonStepDown, d.Reason)
	require.Equal(t, bad, d.Victims[0].ID)
	require.Equal(t, 3, w.pool.Size())
	w.pass(10)
	assert.Equal(t, autoscale.ReasonRollingHalted, w.turn().Reason)
	assert.Equal(t, []int{4, 3, 2}, w.pool.Resizes())
}

// TestARollingChangeSurvivesACrash at each of its requests, whether the provider has
// got it or not.
func TestARollingChangeSurvivesACrash(t *testing.T) {
	t.Parallel()
	for at := range 6 {
		for name, fail := range map[string]func(*fake.Pool, string, error){"sent": (*fake.Pool).LoseNext, "not sent": (*fake.Pool).FailNext} {
			t.Run(fmt.Sprint(at, " ", name), func(t *testing.T) {
				t.Parallel()
				w := newRollingWorld(t, 3)
				before, left := w.pool.IDs(), ""
				w.hooks.before = func() {
					if len(w.pool.Resizes()) == at {
						left = w.diskNow()
						fail(w.pool, "resize", errors.New("power cut"))
					}
				}
				for left == "" {
					w.pass(1)
				}
				w.hooks.before = nil
				w.cfg.StateDir = left
				w.start()
				w.roll(20)
				for _, id := range before {
					assert.NotContains(t, w.pool.IDs(), id)
				}
				assert.Equal(t, 3, w.pool.Size())
				assert.LessOrEqual(t, len(w.pool.Resizes()), 7, "each step once, and one that was not sent")
			})
		}
	}
}

// TestAMinimumThatIsRaisedDuringARollingChange is reached, and the one more goes all
// the same.
func TestAMinimumThatIsRaisedDuringARollingChange(t *testing.T) {
	t.Parallel()
	w := newRollingWorld(t, 2, func(cfg *autoscale.Config) { cfg.Max, cfg.Step = 9, 3 })
	w.pass(1)
	require.Equal(t, 3, w.pool.Size())
	w.cfg.Min = 5
	w.start()
	d := w.turn()
	require.Equal(t, autoscale.ReasonBelowMinimum, d.Reason)
	require.Equal(t, 6, w.pool.Size(), "five, and the one")
	w.heal()
	w.roll(20)
	assert.Equal(t, 5, w.pool.Size())
}

// TestAMemberThatWasDrainedIsNotSick: its checks failed because it was told to fail
// them.
func TestAMemberThatWasDrainedIsNotSick(t *testing.T) {
	t.Parallel()
	drainer := &drainer{connections: 1}
	w := newHealthyWorld(t, 3, func(cfg *autoscale.Config) {
		cfg.Drainer, cfg.RepairAfter, cfg.DrainTimeout, cfg.StopAfter = drainer, 2*time.Minute, 10*time.Minute, 10*time.Minute
	})
	drainer.w = w
	var d autoscale.Decision
	for range 5 {
		w.webhook(down)
		d = w.turn()
		require.Equal(t, autoscale.ReasonDraining, d.Reason)
	}
	w.webhook(up)
	require.Equal(t, autoscale.ReasonTakenBack, w.turn().Reason)
	w.pool.SetHealth(slices.Index(w.pool.IDs(), d.Victims[0].ID), autoscale.Unhealthy) // the load balancer has not noticed yet
	assert.Equal(t, autoscale.ReasonNoDemand, w.turn().Reason)
	assert.Empty(t, w.pool.Resizes())
}
