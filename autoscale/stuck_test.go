package autoscale_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
)

// TestAMemberKnownByItsIDOnlyHoldsNothingForGood: lists lag, but not as long as a
// member may take to start.
func TestAMemberKnownByItsIDOnlyHoldsNothingForGood(t *testing.T) {
	t.Parallel()
	w := newHealthyWorld(t, 3)
	w.clock.Advance(time.Hour)
	id := w.pool.ShowState(1, "")
	for range 11 {
		w.webhook(down)
		d := w.turn()
		require.Equal(t, autoscale.ReasonMemberStarting, d.Reason)
		require.Equal(t, autoscale.Conditions{Serving: 2, Starting: 1}, d.Conditions)
	}
	sick := w.pool.SetHealth(0, autoscale.Unhealthy)
	w.webhook(down)
	d := w.turn()
	assert.Equal(t, autoscale.Conditions{Serving: 1, Unhealthy: 1, Unknown: 1}, d.Conditions)
	assert.Equal(t, sick, d.Victims[0].ID, "it may serve, unlike this one")
	w.webhook(down)
	d = w.turn()
	assert.Equal(t, []autoscale.Victim{{ID: id, Why: "unknown"}}, d.Victims, "the one that is known to serve stays")
}

func TestAMemberKnownByItsIDOnlyIsNeverReplaced(t *testing.T) {
	t.Parallel()
	w := newHealthyWorld(t, 3)
	w.pool.ShowState(1, "")
	w.pass(60)
	assert.Empty(t, w.pool.Resizes(), "it may serve")
}

func TestAMemberThatIsListedAgainServes(t *testing.T) {
	t.Parallel()
	w := newHealthyWorld(t, 3)
	w.pool.ShowState(1, "")
	w.pass(12)
	w.pool.ShowState(1, autoscale.MemberRunning)
	assert.Equal(t, autoscale.Conditions{Serving: 3}, w.turn().Conditions)
	w.pool.ShowState(1, "")
	assert.Equal(t, autoscale.Conditions{Serving: 2, Starting: 1}, w.turn().Conditions, "the time counts anew")
}

// TestProtectionOutlastsAMemberThatIsNotListed: a list that lacks it lacks its label.
func TestProtectionOutlastsAMemberThatIsNotListed(t *testing.T) {
	t.Parallel()
	w := newHealthyWorld(t, 2)
	w.pool.Protect(0)
	w.turn()
	w.pool.ShowState(0, "")
	w.pass(12)
	w.webhook(down)
	d := w.turn()
	assert.Equal(t, autoscale.ReasonProtected, d.Reason)
	assert.Empty(t, w.pool.Resizes())
}

func TestAMemberThatStopsForTooLongHasFailed(t *testing.T) {
	t.Parallel()
	w := newHealthyWorld(t, 3)
	id := w.pool.ShowState(1, autoscale.MemberStopping)
	for range 11 {
		require.Equal(t, autoscale.Conditions{Serving: 2, Leaving: 1}, w.turn().Conditions)
	}
	assert.Equal(t, autoscale.Conditions{Serving: 2, Failed: 1}, w.turn().Conditions)
	for range 9 {
		require.Equal(t, autoscale.ReasonNoDemand, w.turn().Reason)
	}
	d := w.turn()
	assert.Equal(t, autoscale.ReasonRepair, d.Reason)
	assert.Equal(t, id, d.Victims[0].ID)
}

// TestAMemberThatIsBeingRemovedIsNotEvicted, however long that takes: the pool's
// size does not count it, and would be one too small without it.
func TestAMemberThatIsBeingRemovedIsNotEvicted(t *testing.T) {
	t.Parallel()
	w := newHealthyWorld(t, 3)
	w.pool.Linger(1)
	w.pass(60)
	require.Empty(t, w.pool.Resizes())
	w.webhook(down)
	d := w.turn()
	assert.Equal(t, autoscale.Conditions{Serving: 3, Leaving: 1}, d.Conditions)
	assert.Equal(t, "newest", d.Victims[0].Why)
}
