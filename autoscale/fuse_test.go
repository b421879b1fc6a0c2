package autoscale_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
)

// grow lets webhooks ask for more in each of n turns; members that come never
// become healthy.
func (w *world) grow(n int) (last autoscale.Decision) {
	for range n {
		for i := range w.pool.IDs() {
			if i > 0 {
				w.pool.SetHealth(i, autoscale.Unhealthy)
			}
		}
		w.webhook(up)
		last = w.turn()
	}
	return last
}

func TestGrowthStopsWhenMembersDoNotBecomeHealthy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, func(cfg *autoscale.Config) { cfg.Max = 50 })
	w.pool.SetHealth(0, autoscale.Healthy)
	w.turn()

	d := w.grow(40)

	assert.Equal(t, autoscale.ReasonFuseBlown, d.Reason)
	assert.True(t, d.FuseBlown)
	// The third of those that were started in the first three turns has failed
	// after ten minutes more; meanwhile the pool has grown each minute.
	assert.Equal(t, 14, w.pool.Size())
	assert.Equal(t, 1, d.Conditions.Serving)

	w.webhook(down)
	assert.Equal(t, autoscale.ReasonFuseBlown, w.turn().Reason, "up wins over down")
}

func TestTheFuseHoldsUntilAMemberIsHealthy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, func(cfg *autoscale.Config) { cfg.Max = 50 })
	w.pool.SetHealth(0, autoscale.Healthy)
	w.turn()
	require.Equal(t, autoscale.ReasonFuseBlown, w.grow(20).Reason)

	w.pool.SetHealth(5, autoscale.Healthy)
	w.webhook(up)

	assert.Equal(t, autoscale.ReasonStepUp, w.turn().Reason, "the others are forgiven")
}

func TestAnOperatorResetsTheFuse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, func(cfg *autoscale.Config) { cfg.Max = 50 })
	w.pool.SetHealth(0, autoscale.Healthy)
	w.turn()
	require.Equal(t, autoscale.ReasonFuseBlown, w.grow(20).Reason)

	require.NoError(t, w.loop.Resume(t.Context()))

	assert.Equal(t, autoscale.ReasonStepUp, w.turn().Reason, "the webhook has waited")
	assert.Equal(t, autoscale.ReasonFuseBlown, w.grow(20).Reason, "others fail")
}

func TestTheFuseKeepsTheMinimum(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, func(cfg *autoscale.Config) { cfg.Max = 50; cfg.Min = 2; cfg.FailedStarts = 1 })
	w.pool.SetHealth(0, autoscale.Unhealthy)
	for range 12 {
		w.turn()
	}
	w.webhook(up)
	d := w.turn()
	require.True(t, d.FuseBlown)
	w.pool.SetSize(1)
	assert.Equal(t, autoscale.ReasonBelowMinimum, w.turn().Reason)
}

func TestAFailedMemberLeavesThePoolFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	w.pool.SetHealth(0, autoscale.Healthy)
	failed := w.pool.SetHealth(1, autoscale.Unhealthy)
	w.pool.SetHealth(2, autoscale.Healthy)
	for range 10 {
		w.webhook(down)
		require.Equal(t, autoscale.ReasonMemberStarting, w.turn().Reason)
	}
	w.webhook(down)
	d := w.turn()
	require.Len(t, d.Victims, 1)
	assert.Equal(t, failed, d.Victims[0].ID)
	assert.Equal(t, "failed", d.Victims[0].Why)
}

// TestMembersOfBeforeBlowNoFuse: a program that starts anew has not seen how they
// started.
func TestMembersOfBeforeBlowNoFuse(t *testing.T) {
	t.Parallel()
	w := newHealthyWorld(t, 5, func(cfg *autoscale.Config) { cfg.Max = 50 })
	w.clock.Advance(time.Hour)
	for i := range 4 {
		w.pool.SetHealth(i, autoscale.Unhealthy)
	}
	w.start()
	w.webhook(up)

	d := w.turn()

	assert.False(t, d.FuseBlown)
	assert.Equal(t, autoscale.ReasonStepUp, d.Reason)
}

// TestAReadingWithoutHealthResetsNoFuse: no member is healthy because nobody says
// that it is not.
func TestAReadingWithoutHealthResetsNoFuse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, func(cfg *autoscale.Config) { cfg.Max = 50 })
	w.pool.SetHealth(0, autoscale.Healthy)
	w.turn()
	require.Equal(t, autoscale.ReasonFuseBlown, w.grow(20).Reason)

	w.pool.HideHealth(errors.New("no answer"))
	d := w.turn()

	assert.Equal(t, autoscale.ReasonFuseBlown, d.Reason)
	assert.Equal(t, 1, d.Conditions.Serving)
}

func TestAClockThatIsSetBackLetsMembersFailInTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.pool.SetHealth(1, autoscale.Unhealthy)
	require.Equal(t, autoscale.Conditions{Serving: 1, Starting: 1}, w.turn().Conditions)
	w.clock.Set(noon.Add(-5 * time.Hour))
	w.turn()
	w.clock.Advance(10 * time.Minute)
	assert.Equal(t, autoscale.Conditions{Serving: 1, Failed: 1}, w.turn().Conditions)
}

// TestTheFuseForgetsMembersThatAreGone: an hour later another start is worth a try.
func TestTheFuseForgetsMembersThatAreGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, func(cfg *autoscale.Config) { cfg.Max = 50; cfg.RepairAfter = -1 })
	w.pool.SetHealth(0, autoscale.Healthy)
	w.turn()
	require.Equal(t, autoscale.ReasonFuseBlown, w.grow(20).Reason)
	w.pool.SetSize(1)
	assert.True(t, w.turn().FuseBlown)
	w.clock.Advance(time.Hour)
	assert.False(t, w.turn().FuseBlown)
}
