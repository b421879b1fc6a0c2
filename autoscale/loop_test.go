package autoscale_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
)

const (
	up   = autoscale.Up
	down = autoscale.Down
)

func TestABurstOfWebhooksIsOneStep(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	for range 100 {
		w.webhook(up)
	}
	d := w.turn()
	assert.Equal(t, autoscale.Resized, d.Result)
	assert.Equal(t, 100, d.Up.Count)
	assert.Equal(t, fate{up: autoscale.ReasonStepUp}, fates(d))
	assert.Equal(t, autoscale.ReasonNoDemand, w.turn().Reason)
	assert.Equal(t, []int{2}, w.pool.Resizes())
}

func TestEachIntervalWithAWebhookIsOneStep(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	for range 3 {
		w.webhook(up)
		w.turn()
	}
	for range 2 {
		w.webhook(down)
		w.turn()
	}
	assert.Equal(t, []int{2, 3, 4, 3, 2}, w.pool.Resizes())
}

func TestUpWinsAndDownIsSettled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.webhook(down, up, down)
	d := w.turn()
	assert.Equal(t, 3, w.pool.Size())
	assert.Equal(t, fate{up: autoscale.ReasonStepUp, down: autoscale.ReasonSuperseded}, fates(d))
	assert.Equal(t, autoscale.ReasonNoDemand, w.turn().Reason, "down does not come back")
}

func TestLimitsHoldAndSettle(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.webhook(down)
	d := w.turn()
	assert.Equal(t, autoscale.Held, d.Result)
	assert.Equal(t, fate{down: autoscale.ReasonAtMinimum}, fates(d))

	w.pool.SetSize(5)
	w.webhook(up)
	d = w.turn()
	assert.Equal(t, autoscale.ReasonAtMaximum, d.Reason)
	assert.Equal(t, fate{up: autoscale.ReasonAtMaximum}, fates(d))
	assert.Equal(t, autoscale.ReasonNoDemand, w.turn().Reason)
	assert.Empty(t, w.pool.Resizes())
}

func TestASizeOutOfBoundsIsBroughtBackAStepATurn(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		size     int
		webhooks []autoscale.Direction // before the first turn
		asked    []int
		reasons  []autoscale.Reason
		fates    fate // in the first turn
	}{
		"below": {0, nil, []int{1, 2, 3}, []autoscale.Reason{"below-minimum", "below-minimum", "below-minimum", "no-demand"}, fate{}},
		"above": {12, nil, []int{11, 10, 9, 8}, []autoscale.Reason{"above-maximum", "above-maximum", "above-maximum", "above-maximum"}, fate{}},
		"below, with an up": {
			1,
			[]autoscale.Direction{up},
			[]int{2, 3},
			[]autoscale.Reason{"step-up", "below-minimum", "no-demand"},
			fate{up: autoscale.ReasonStepUp},
		},
		"below, with a down": {
			1,
			[]autoscale.Direction{down},
			[]int{2, 3},
			[]autoscale.Reason{"below-minimum", "below-minimum", "no-demand"},
			fate{down: autoscale.ReasonAtMinimum},
		},
		"above, with a down": {
			7,
			[]autoscale.Direction{down},
			[]int{6, 5},
			[]autoscale.Reason{"step-down", "above-maximum", "no-demand"},
			fate{down: autoscale.ReasonStepDown},
		},
		"above, with an up": {
			7,
			[]autoscale.Direction{up},
			[]int{6, 5},
			[]autoscale.Reason{"above-maximum", "above-maximum", "no-demand"},
			fate{up: autoscale.ReasonAtMaximum},
		},
		"above, with both": {
			6,
			[]autoscale.Direction{up, down},
			[]int{5},
			[]autoscale.Reason{"above-maximum", "no-demand"},
			fate{up: autoscale.ReasonAtMaximum, down: autoscale.ReasonSuperseded},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, test.size, func(cfg *autoscale.Config) { cfg.Min = 3 })
			w.webhook(test.webhooks...)
			var reasons []autoscale.Reason
			for i := range test.reasons {
				d := w.turn()
				reasons = append(reasons, d.Reason)
				if i == 0 {
					assert.Equal(t, test.fates, fates(d))
				}
			}
			assert.Equal(t, test.reasons, reasons)
			assert.Equal(t, test.asked, w.pool.Resizes())
		})
	}
}

func TestADownBelowTheMinimumWithoutRoomIsSettledAsAtTheMinimum(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, func(cfg *autoscale.Config) { cfg.Min = 3 })
	w.pool.Linger(4)
	w.webhook(down)
	d := w.turn()
	assert.Equal(t, autoscale.ReasonAtMaximum, d.Reason)
	assert.Equal(t, fate{down: autoscale.ReasonAtMinimum}, fates(d))
}

func TestACorrectionOfTheSizeSurvivesACrash(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, func(cfg *autoscale.Config) { cfg.Min = 3 })
	var again *world
	w.hooks.after = func() { again = w.crashedCopy() }
	w.turn()

	again.webhook(up)
	d := again.turn()
	assert.Equal(t, fate{up: autoscale.ReasonStepUp}, fates(d), "the webhook is not taken for the cause of the correction")
	assert.Equal(t, []int{2, 3}, w.pool.Resizes())
}

func TestAPoolOutOfBoundsThatIsNotRunningIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 9)
	w.pool.SetState("suspended")
	assert.Equal(t, autoscale.ReasonNotRunning, w.turn().Reason)
	assert.Empty(t, w.pool.Resizes())
}

func TestSizeIsReadInTheTurnThatChangesIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.webhook(up)
	w.turn()
	w.pool.SetSize(4)
	w.webhook(down)
	d := w.turn()
	assert.Equal(t, 4, d.From)
	assert.Equal(t, []int{2, 3}, w.pool.Resizes())
}

func TestMembersInAnyStateCountTowardsTheMaximum(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.pool.Linger(3)
	w.webhook(up)
	d := w.turn()
	assert.Equal(t, autoscale.ReasonAtMaximum, d.Reason)
	assert.Equal(t, 5, d.Members)
	assert.Empty(t, w.pool.Resizes())
}

func TestAPoolThatIsNotRunningIsLeftAlone(t *testing.T) {
	t.Parallel()
	for _, state := range []autoscale.State{"scaling-up", "suspended", "degraded", "never-heard-of"} {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 2)
			w.pool.SetState(state)
			w.webhook(up)
			d := w.turn()
			assert.Equal(t, autoscale.Held, d.Result)
			assert.Equal(t, autoscale.ReasonNotRunning, d.Reason)
			assert.Equal(t, state, d.State)
			assert.Empty(t, d.Settled, "the webhook stays recorded")

			w.pool.SetState("")
			assert.Equal(t, autoscale.ReasonStepUp, w.turn().Reason)
		})
	}
}

func TestAWebhookExpires(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.pool.SetState("suspended")
	w.webhook(up)
	for range 5 {
		assert.Equal(t, autoscale.ReasonNotRunning, w.turn().Reason)
	}
	d := w.turn()
	assert.Equal(t, autoscale.ReasonExpired, d.Reason)
	assert.Equal(t, fate{up: autoscale.ReasonExpired}, fates(d))

	w.pool.SetState("")
	assert.Equal(t, autoscale.ReasonNoDemand, w.turn().Reason)
}

func TestANewWebhookKeepsABatchAlive(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.pool.SetState("suspended")
	for range 10 {
		w.webhook(up)
		w.turn()
	}
	w.pool.SetState("")
	d := w.turn()
	assert.Equal(t, autoscale.ReasonStepUp, d.Reason)
	assert.Equal(t, 10, d.Up.Count)
	assert.Equal(t, []int{3}, w.pool.Resizes())
}

func TestAWebhookExpiresWhileTheAPIIsDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.webhook(down)
	var last autoscale.Decision
	for range 6 {
		w.pool.FailNext("status", errors.New("connection refused"))
		last = w.turn()
		require.Equal(t, autoscale.Failed, last.Result)
		require.Equal(t, autoscale.ReasonAPIError, last.Reason)
	}
	assert.Equal(t, fate{down: autoscale.ReasonExpired}, fates(last))
	assert.Equal(t, "read pool web: connection refused", last.Error)
}

func TestARefusedResizeIsTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.pool.FailNext("resize", autoscale.ErrRefused)
	w.webhook(up)
	d := w.turn()
	assert.Equal(t, autoscale.Failed, d.Result)
	assert.Equal(t, autoscale.ReasonRefused, d.Reason)
	assert.Empty(t, d.Settled)
	assert.NotContains(t, w.stateFile(), "intent", "nothing changed, so there is nothing to find out")

	assert.Equal(t, autoscale.ReasonStepUp, w.turn().Reason)
	assert.Equal(t, []int{3, 3}, w.pool.Resizes())
}

func TestAfterALostAnswerTheSizeDecides(t *testing.T) {
	t.Parallel()
	lost := errors.New("connection reset")

	t.Run("the resize took effect", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, 2)
		w.pool.LoseNext("resize", lost)
		w.webhook(up)
		d := w.turn()
		assert.Equal(t, autoscale.ReasonAPIError, d.Reason)
		assert.Equal(t, "resize pool web from 2 to 3: connection reset", d.Error)
		d = w.turn()
		assert.Equal(t, autoscale.ReasonConfirmed, d.Reason)
		assert.Equal(t, fate{up: autoscale.ReasonConfirmed}, fates(d))
		assert.Equal(t, []int{3}, w.pool.Resizes(), "one webhook, one step")
	})
	t.Run("the resize did not take effect", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, 2)
		w.pool.FailNext("resize", lost)
		w.webhook(up)
		w.turn()
		assert.Equal(t, autoscale.ReasonStepUp, w.turn().Reason)
		assert.Equal(t, []int{3, 3}, w.pool.Resizes(), "towards the same size")
	})
	t.Run("something else changed the size", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, 2)
		w.pool.FailNext("resize", lost)
		w.webhook(up)
		w.turn()
		w.pool.SetSize(4)
		assert.Equal(t, fate{up: autoscale.ReasonOutcomeUnknown}, fates(w.turn()))
		assert.Equal(t, []int{3}, w.pool.Resizes())
	})
	t.Run("webhooks that came since are not settled with it", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, 2)
		w.pool.LoseNext("resize", lost)
		w.webhook(up)
		w.turn()
		w.webhook(down)
		d := w.turn()
		assert.Equal(t, fate{up: autoscale.ReasonConfirmed, down: autoscale.ReasonStepDown}, fates(d))
		assert.Equal(t, []int{3, 2}, w.pool.Resizes())
	})
	t.Run("webhooks that came while the pool was busy are not settled with it", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, 2)
		w.pool.LoseNext("resize", lost)
		w.webhook(up)
		w.turn()
		w.pool.SetState("scaling-up")
		w.webhook(up)
		assert.Equal(t, 2, w.turn().Up.Count, "both are pending")
		w.pool.SetState("")
		d := w.turn()
		require.Len(t, d.Settled, 2)
		assert.Equal(t, autoscale.ReasonConfirmed, d.Settled[0].Reason)
		assert.Equal(t, autoscale.ReasonStepUp, d.Settled[1].Reason)
		assert.Equal(t, []int{3, 4}, w.pool.Resizes())
	})
	t.Run("nothing is concluded before the pool runs again", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, 2)
		w.pool.LoseNext("resize", lost)
		w.webhook(up)
		w.turn()
		w.pool.SetState("scaling-up")
		for range 7 {
			d := w.turn()
			assert.Equal(t, autoscale.ReasonNotRunning, d.Reason)
			assert.Empty(t, d.Settled, "not even expired: it may have caused a step")
		}
		w.pool.SetState("")
		assert.Equal(t, fate{up: autoscale.ReasonConfirmed}, fates(w.turn()))
	})
}

func TestAKeyThatMayNotReadThePoolIsNotReady(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.pool.FailNext("status", autoscale.ErrRefused)
	w.turn()
	require.ErrorIs(t, w.loop.Ready(), autoscale.ErrRefused)
}

func TestNoCallBeginsOnceTheContextHasEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.webhook(up)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	d := w.loop.RunOnce(ended)
	assert.Equal(t, autoscale.ReasonStopping, d.Reason)
	assert.Equal(t, 1, d.Up.Count)
	assert.Empty(t, w.pool.Calls())
}

func TestWebhooksDuringATurnCountForTheNextOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.hooks.before = func() { w.webhook(up); w.hooks.before = nil }
	w.webhook(up)
	assert.Equal(t, 1, w.turn().Up.Count)
	assert.Equal(t, autoscale.ReasonStepUp, w.turn().Reason)
	assert.Equal(t, []int{3, 4}, w.pool.Resizes())
}

func TestAPoolThatIsGoneFailsTheTurn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.pool.Delete()
	w.webhook(up)
	d := w.turn()
	assert.Equal(t, autoscale.Failed, d.Result)
	assert.Equal(t, autoscale.ReasonPoolNotFound, d.Reason)
	require.ErrorIs(t, w.loop.Ready(), autoscale.ErrPoolNotFound)
}

type odd struct{ status func() autoscale.Status }

func (o odd) Status(context.Context) (autoscale.Status, error) { return o.status(), nil }
func (o odd) Resize(context.Context, int) error                { panic("resize: index out of range") }

func (o odd) Evict(context.Context, []string) error { panic("evict: index out of range") }

func TestAPoolThatPanicsOrMisreportsIsSurvived(t *testing.T) {
	t.Parallel()
	tests := []struct {
		rule   string
		status func() autoscale.Status
		err    string
	}{
		{
			"a panic in status is an error", func() autoscale.Status { panic("no size") },
			"read pool web: panic in status: no size",
		},
		{
			"a panic in resize is an error",
			func() autoscale.Status { return autoscale.Status{Size: 1, State: autoscale.StateRunning} },
			"resize pool web from 1 to 2: panic in resize: resize: index out of range",
		},
		{
			"an impossible size is not acted on",
			func() autoscale.Status { return autoscale.Status{Size: -1, State: autoscale.StateRunning} },
			"read pool web: the provider reports a size of -1",
		},
		{
			"two members with the same id are not acted on",
			func() autoscale.Status {
				return autoscale.Status{Size: 2, Members: []autoscale.Member{{ID: "a"}, {ID: "a"}}, State: autoscale.StateRunning}
			},
			`read pool web: the provider reports 2 members, and of two the id "a"`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 1, func(cfg *autoscale.Config) { cfg.Pool = odd{tt.status} })
			w.webhook(up)
			d := w.turn()
			assert.Equal(t, autoscale.Failed, d.Result)
			assert.Equal(t, autoscale.ReasonAPIError, d.Reason)
			assert.Equal(t, tt.err, d.Error)
		})
	}
}

func TestTheLastThousandDecisionsAreKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, func(cfg *autoscale.Config) { cfg.StateDir = "" })
	for range 1003 {
		w.turn()
	}
	kept := w.loop.Decisions()
	require.Len(t, kept, 1000)
	assert.Equal(t, 4, kept[0].Turn)
	assert.Equal(t, 1003, kept[999].Turn)
	assert.Equal(t, noon.Add(4*time.Minute), kept[0].Time)
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	require.EqualError(t, w.loop.Ready(), "no turn has ended yet")
	w.pool.FailNext("status", errors.New("connection refused"))
	w.turn()
	require.EqualError(t, w.loop.Ready(), "the pool could never be read: connection refused")
	w.turn()
	require.NoError(t, w.loop.Ready())

	for range 3 {
		w.pool.FailNext("status", errors.New("connection refused"))
		w.turn()
		require.NoError(t, w.loop.Ready(), "three intervals are lately enough")
	}
	w.clock.Advance(time.Second)
	require.EqualError(t, w.loop.Ready(), "the pool was last read 3m1s ago: connection refused")
}

func TestWebhooksBehindAResizeExpireWithThePool(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.pool.FailNext("resize", errors.New("connection lost"))
	w.webhook(up)
	w.turn()
	var settled []autoscale.Settled
	for range 6 {
		w.pool.FailNext("status", autoscale.ErrPoolNotFound)
		settled = append(settled, w.turn().Settled...)
	}
	require.Len(t, settled, 1)
	assert.Equal(t, autoscale.ReasonOutcomeUnknown, settled[0].Reason)
	waiting, _ := w.loop.Pending()
	assert.Zero(t, waiting.Count)
}
