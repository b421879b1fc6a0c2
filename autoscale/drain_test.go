package autoscale_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
)

// A drainer takes members out of a pool's load balancer at once, and records what
// it was asked.
type drainer struct {
	w           *world
	connections int
	err         error
	silent      bool   // it answers only when it may no longer
	before      func() // each answer
	asked       []string
}

func (d *drainer) ask(ctx context.Context, what, address string, health autoscale.Health) (int, error) {
	d.asked = append(d.asked, what)
	if d.before != nil {
		d.before()
	}
	if d.silent {
		<-ctx.Done()
		return 0, ctx.Err()
	}
	if d.err != nil {
		return 0, d.err
	}
	status, err := d.w.pool.Status(d.w.Context())
	require.NoError(d.w, err)
	for i, m := range status.Members {
		if m.Address.String() == address {
			d.w.pool.SetHealth(i, health)
		}
	}
	return d.connections, nil
}

func (d *drainer) Drain(ctx context.Context, address string) (int, error) {
	return d.ask(ctx, "drain", address, autoscale.Unhealthy)
}

func (d *drainer) Stop(ctx context.Context, address string) (int, error) {
	return d.ask(ctx, "stop", address, autoscale.Unhealthy)
}

func (d *drainer) Resume(ctx context.Context, address string) error {
	_, err := d.ask(ctx, "resume", address, autoscale.Healthy)
	return err
}

func (d *drainer) Lease() time.Duration { return 3 * time.Minute }

// newDrainingWorld returns a world of healthy members that can be drained.
func newDrainingWorld(t *testing.T, size int) (*world, *drainer) {
	t.Helper()
	d := &drainer{}
	w := newWorld(t, size, func(cfg *autoscale.Config) { cfg.Drainer = d })
	d.w = w
	for i := range size {
		w.pool.SetHealth(i, autoscale.Healthy)
	}
	w.turn()
	return w, d
}

func TestAMemberFinishesItsWorkBeforeItGoes(t *testing.T) {
	t.Parallel()
	w, drainer := newDrainingWorld(t, 3)
	drainer.connections = 7
	w.webhook(down)

	first := w.turn()
	assert.Equal(t, autoscale.ReasonDraining, first.Reason)
	assert.Empty(t, first.Settled, "the webhook waits")
	second := w.turn()
	assert.Equal(t, autoscale.ReasonDraining, second.Reason)
	assert.Equal(t, 7, second.Victims[0].Connections)
	assert.Equal(t, autoscale.Conditions{Serving: 2, Draining: 1}, second.Conditions)
	assert.Equal(t, first.Victims[0].ID, second.Victims[0].ID, "it stays the same member")
	assert.Equal(t, 3, w.pool.Size())

	drainer.connections = 0
	third := w.turn()
	assert.Equal(t, autoscale.ReasonStepDown, third.Reason)
	assert.Equal(t, "newest", third.Victims[0].Why, "and the same reason")
	assert.NotContains(t, w.pool.IDs(), first.Victims[0].ID)
	assert.Equal(t, []string{"drain", "drain", "drain"}, drainer.asked)
	assert.Equal(t, autoscale.ReasonNoDemand, w.turn().Reason)
}

func TestAMemberLeavesTheBalancerFirst(t *testing.T) {
	t.Parallel()
	w, drainer := newDrainingWorld(t, 2)
	w.webhook(down)
	require.Equal(t, autoscale.ReasonDraining, w.turn().Reason)
	for i := range w.pool.IDs() {
		w.pool.SetHealth(i, autoscale.Healthy) // the balancer has not noticed
	}
	assert.Equal(t, autoscale.ReasonDraining, w.turn().Reason, "without connections, but some may come")
	assert.Equal(t, autoscale.ReasonStepDown, w.turn().Reason)
	assert.Len(t, drainer.asked, 3)
}

// A load that falls steadily takes one more member each turn.
func TestMembersThatHaveDrainedDoNotWaitForMore(t *testing.T) {
	t.Parallel()
	d := &drainer{}
	w, g := newLoadWorld(t, 5, func(cfg *autoscale.Config) { cfg.Drainer = d })
	d.w = w
	assert.Equal(t, []int{5, 5, 4, 4, 2, 2, 1}, w.follow(g, 5, 4, 3, 2, 1, 1, 1), "those that begin together go together")
}

func TestADrainEndsWithItsTimeout(t *testing.T) {
	t.Parallel()
	w, drainer := newDrainingWorld(t, 2)
	drainer.connections = 1
	w.webhook(down)
	for range 3 {
		require.Equal(t, autoscale.ReasonDraining, w.turn().Reason)
	}
	assert.Equal(t, autoscale.ReasonStepDown, w.turn().Reason, "after three minutes")
	assert.Equal(t, []string{"drain", "drain", "drain", "stop", "drain"}, drainer.asked, "its application ends before")
}

func TestADrainThatFailsBlocksNothingForGood(t *testing.T) {
	t.Parallel()
	w, drainer := newDrainingWorld(t, 2)
	drainer.err = errors.New("no route to host")
	w.webhook(down)
	for range 3 {
		require.Equal(t, autoscale.ReasonDraining, w.turn().Reason)
	}
	assert.Equal(t, autoscale.ReasonStepDown, w.turn().Reason)
}

func TestAMemberWithoutAnEndpointIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	w, drainer := newDrainingWorld(t, 2)
	drainer.err = fmt.Errorf("drain: %w", syscall.ECONNREFUSED)
	w.webhook(down)
	assert.Equal(t, autoscale.ReasonStepDown, w.turn().Reason)
}

func TestAPauseTakesADrainingMemberBack(t *testing.T) {
	t.Parallel()
	w, drainer := newDrainingWorld(t, 2)
	drainer.connections = 1
	w.webhook(down)
	require.Equal(t, autoscale.ReasonDraining, w.turn().Reason)
	w.pause(0, "")
	w.turn()
	assert.Equal(t, []string{"drain", "resume"}, drainer.asked)
	assert.Equal(t, autoscale.Conditions{Serving: 2}, w.turn().Conditions)
}

func TestADeadMemberHasNothingToFinish(t *testing.T) {
	t.Parallel()
	w, drainer := newDrainingWorld(t, 2)
	drainer.err = errors.New("no route to host")
	dead := w.pool.SetHealth(0, autoscale.Unhealthy)
	w.webhook(down)
	assert.Equal(t, autoscale.ReasonStepDown, w.turn().Reason)
	assert.NotContains(t, w.pool.IDs(), dead)
}

// TestOfTwoSickMembersOneDrainsToItsEnd: the choice does not change each turn.
func TestOfTwoSickMembersOneDrainsToItsEnd(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		ask func(*world)
		why autoscale.Reason
	}{
		"a webhook": {func(w *world) { w.webhook(down) }, autoscale.ReasonStepDown},
		"a repair":  {func(*world) {}, autoscale.ReasonRepair},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _ := newDrainingWorld(t, 4)
			w.pool.SetHealth(1, autoscale.Unhealthy)
			w.pool.SetHealth(2, autoscale.Unhealthy)
			for range 10 {
				w.turn()
			}
			tt.ask(w)
			first := w.turn()
			require.Equal(t, autoscale.ReasonDraining, first.Reason)

			second := w.turn()

			assert.Equal(t, tt.why, second.Reason)
			assert.Equal(t, first.Victims[0].ID, second.Victims[0].ID)
			assert.Equal(t, "unhealthy", second.Victims[0].Why)
		})
	}
}

func TestUpDoesNotTakeASickMemberBack(t *testing.T) {
	t.Parallel()
	w, drainer := newDrainingWorld(t, 2)
	drainer.connections = 1
	w.pool.SetHealth(0, autoscale.Unhealthy)
	w.webhook(down)
	require.Equal(t, autoscale.ReasonDraining, w.turn().Reason)
	w.webhook(up)

	d := w.turn()

	assert.Equal(t, fate{up: autoscale.ReasonStepUp, down: autoscale.ReasonSuperseded}, fates(d), "it serves nobody")
	assert.Equal(t, []string{"drain", "resume"}, drainer.asked)
}

func TestUpTakesADrainingMemberBack(t *testing.T) {
	t.Parallel()
	w, drainer := newDrainingWorld(t, 2)
	w.webhook(down)
	require.Equal(t, autoscale.ReasonDraining, w.turn().Reason)
	w.webhook(up)

	d := w.turn()

	assert.Equal(t, autoscale.ReasonTakenBack, d.Reason)
	assert.Equal(t, fate{up: autoscale.ReasonTakenBack, down: autoscale.ReasonSuperseded}, fates(d))
	assert.Equal(t, []string{"drain", "resume"}, drainer.asked)
	assert.Empty(t, w.pool.Resizes(), "no other is started")
	assert.Equal(t, autoscale.Conditions{Serving: 2}, w.turn().Conditions)
}

func TestAMemberThatIsProtectedMeanwhileIsTakenBack(t *testing.T) {
	t.Parallel()
	w, drainer := newDrainingWorld(t, 2)
	drainer.connections = 1
	w.webhook(down)
	first := w.turn()
	require.Equal(t, autoscale.ReasonDraining, first.Reason)
	w.pool.Protect(slices.Index(w.pool.IDs(), first.Victims[0].ID))

	assert.Equal(t, autoscale.ReasonProtected, w.turn().Reason)
	assert.Equal(t, []string{"drain", "resume"}, drainer.asked)
	third := w.turn()
	assert.Equal(t, autoscale.ReasonDraining, third.Reason)
	assert.NotEqual(t, first.Victims[0].ID, third.Victims[0].ID)
}

// TestADrainThatWasInterruptedBeginsAnew: its member may have served meanwhile.
func TestADrainThatWasInterruptedBeginsAnew(t *testing.T) {
	t.Parallel()
	w, drainer := newDrainingWorld(t, 2)
	drainer.connections = 1
	w.webhook(down)
	require.Equal(t, autoscale.ReasonDraining, w.turn().Reason)
	w.pause(3*time.Minute+time.Second, "")
	for range 3 {
		require.Equal(t, autoscale.ReasonPaused, w.turn().Reason)
	}
	w.pool.SetHealth(0, autoscale.Healthy)
	w.pool.SetHealth(1, autoscale.Healthy)
	w.webhook(down)
	for range 3 {
		require.Equal(t, autoscale.ReasonDraining, w.turn().Reason)
	}
	assert.Equal(t, autoscale.ReasonStepDown, w.turn().Reason)
}

func TestNoWebhookExpiresDuringADrain(t *testing.T) {
	t.Parallel()
	cfg := autoscale.DefaultConfig()
	cfg.Drainer = &drainer{}
	require.NoError(t, cfg.Validate())
	cfg.DrainTimeout = 4 * time.Minute
	require.NoError(t, cfg.Validate(), "the default follows")
	cfg.Expiry = 5 * time.Minute
	require.EqualError(t, cfg.Validate(), "Expiry is 5m0s, too short for drains of 4m0s: set it to 6m0s or longer")
	cfg.Expiry = 6 * time.Minute
	require.NoError(t, cfg.Validate())
}

// TestASilentMemberDoesNotUseUpTheTurn: the eviction needs time, too.
func TestASilentMemberDoesNotUseUpTheTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &drainer{silent: true}
		w := newWorld(t, 3, func(cfg *autoscale.Config) { cfg.Drainer, cfg.Step = d, 2 })
		w.webhook(down)
		for range 3 {
			require.Equal(t, autoscale.ReasonDraining, w.turn().Reason)
		}
		assert.Equal(t, autoscale.ReasonStepDown, w.turn().Reason)
	})
}

// TestAMemberThatDrainsWhenTheProgramStartsAnewGoesOn: it looks like one that has
// failed, and has requests to answer.
func TestAMemberThatDrainsWhenTheProgramStartsAnewGoesOn(t *testing.T) {
	t.Parallel()
	w, drainer := newDrainingWorld(t, 2)
	drainer.connections = 1
	w.clock.Advance(time.Hour)
	w.webhook(down)
	first := w.turn()
	require.Equal(t, autoscale.ReasonDraining, first.Reason)
	w.start()
	for range 2 {
		d := w.turn()
		assert.Equal(t, autoscale.ReasonDraining, d.Reason)
		assert.Equal(t, first.Victims[0].ID, d.Victims[0].ID)
	}
	drainer.connections = 0
	assert.Equal(t, autoscale.ReasonStepDown, w.turn().Reason)
}

func TestAClockThatIsSetBackProlongsNoDrainForHours(t *testing.T) {
	t.Parallel()
	w, drainer := newDrainingWorld(t, 2)
	drainer.connections = 1
	w.webhook(down)
	require.Equal(t, autoscale.ReasonDraining, w.turn().Reason)
	w.clock.Set(w.clock.Now().Add(-5 * time.Hour))
	for range 3 {
		require.Equal(t, autoscale.ReasonDraining, w.turn().Reason)
	}
	assert.Equal(t, autoscale.ReasonStepDown, w.turn().Reason)
}

// TestADrainOutlastsAReadingWithoutHealth: one answer that is missing does not
// begin three minutes anew.
func TestADrainOutlastsAReadingWithoutHealth(t *testing.T) {
	t.Parallel()
	w, drainer := newDrainingWorld(t, 2)
	drainer.connections = 1
	w.webhook(down)
	require.Equal(t, autoscale.ReasonDraining, w.turn().Reason)
	w.pool.HideHealth(errors.New("no answer"))
	require.Equal(t, autoscale.ReasonHealthUnknown, w.turn().Reason)
	w.pool.HideHealth(nil)
	drainer.connections = 0
	assert.Equal(t, autoscale.ReasonStepDown, w.turn().Reason)
	assert.Equal(t, []string{"drain", "drain"}, drainer.asked)
}

// TestAMemberThatHasGoneIsNotTakenBack: nobody answers at its address.
func TestAMemberThatHasGoneIsNotTakenBack(t *testing.T) {
	t.Parallel()
	w, drainer := newDrainingWorld(t, 3)
	w.webhook(down)
	require.Equal(t, autoscale.ReasonDraining, w.turn().Reason)
	w.pool.LoseNext("resize", errors.New("power cut"))
	require.Equal(t, autoscale.ReasonAPIError, w.turn().Reason)
	require.Equal(t, autoscale.ReasonConfirmed, w.turn().Reason)
	assert.NotContains(t, drainer.asked, "resume")
}

// TestNobodyGoesUndrainedAfterASlowDrain: who is worst may have changed meanwhile.
func TestNobodyGoesUndrainedAfterASlowDrain(t *testing.T) {
	t.Parallel()
	w, drainer := newDrainingWorld(t, 3)
	w.webhook(down)
	first := w.turn()
	require.Equal(t, autoscale.ReasonDraining, first.Reason)
	other := (slices.Index(w.pool.IDs(), first.Victims[0].ID) + 1) % 3
	drainer.before = func() {
		w.clock.Advance(6 * time.Second)
		w.pool.SetHealth(other, autoscale.Unhealthy)
	}
	d := w.turn()
	assert.Equal(t, autoscale.ReasonDraining, d.Reason)
	assert.Equal(t, 3, w.pool.Size())
}

// TestADrainGoesOnForItsLease, however short the interval is: calls may take longer
// than two turns.
func TestADrainGoesOnForItsLease(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		silence time.Duration
		want    autoscale.Reason
	}{
		"within it": {2*time.Minute + 50*time.Second, autoscale.ReasonStepDown},
		"after it":  {3*time.Minute + 10*time.Second, autoscale.ReasonDraining},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, drainer := newDrainingWorld(t, 2)
			w.cfg.Interval = time.Second
			w.start()
			drainer.connections = 1
			w.turn()
			w.webhook(down)
			require.Equal(t, autoscale.ReasonDraining, w.turn().Reason)
			w.clock.Advance(tt.silence - time.Minute)
			w.webhook(down)
			drainer.connections = 0
			assert.Equal(t, tt.want, w.turn().Reason)
		})
	}
}

// TestAMemberThatDrainsAndIsNotListedIsTakenBack: its checks would go on to fail, as
// if it were broken.
func TestAMemberThatDrainsAndIsNotListedIsTakenBack(t *testing.T) {
	t.Parallel()
	w, drainer := newDrainingWorld(t, 3)
	drainer.connections = 1
	w.turn()
	w.webhook(down)
	victims := w.turn().Victims
	require.Len(t, victims, 1)
	w.hooks.show = func(status *autoscale.Status) {
		status.Members = slices.DeleteFunc(status.Members, func(m autoscale.Member) bool { return m.ID == victims[0].ID })
	}
	require.Equal(t, autoscale.ReasonMemberStarting, w.turn().Reason)
	w.hooks.show = nil
	d := w.turn()
	assert.Equal(t, 3, d.Conditions.Serving)
	assert.Equal(t, []string{"drain", "resume", "drain"}, drainer.asked)
}
