package autoscale_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
)

func TestAPoolThatServesNobodyDoesNotShrink(t *testing.T) {
	t.Parallel()
	const (
		ok, young, sick, dead = autoscale.Serving, autoscale.Starting, autoscale.UnhealthyNow, autoscale.FailedMember
	)
	type list = []autoscale.ObservedMember
	both := list{member("a", sick, 0), member("b", dead, 1)}
	for name, tt := range map[string]struct {
		observation autoscale.Situation
		size        int
		reason      autoscale.Reason
	}{
		"all unhealthy or failed":        {autoscale.Situation{Size: 2, Members: both}, 2, autoscale.ReasonNobodyServes},
		"none exists, and none may come": {autoscale.Situation{Size: 2}, 2, autoscale.ReasonNobodyServes},
		"one serves":                     {autoscale.Situation{Size: 3, Members: append(both, member("c", ok, 2))}, 2, autoscale.ReasonStepDown},
		"one may serve soon":             {autoscale.Situation{Size: 3, Members: append(both, member("c", young, 2))}, 3, autoscale.ReasonMemberStarting},
		"one may come":                   {autoscale.Situation{Size: 3, Members: both, AwaitsMissing: true}, 3, autoscale.ReasonMemberStarting},
		"it is not known":                {autoscale.Situation{Size: 2, Members: both, HealthUnknown: true}, 2, autoscale.ReasonHealthUnknown},
		"at the minimum":                 {autoscale.Situation{Size: 1, Members: both[:1]}, 1, autoscale.ReasonAtMinimum},
		"above the maximum":              {autoscale.Situation{Size: 8, Members: members(8, sick)}, 7, autoscale.ReasonAboveMaximum},
		"more are asked for, too":        {autoscale.Situation{Size: 2, Members: both, Up: true}, 3, autoscale.ReasonStepUp},
		"one is to be replaced":          {autoscale.Situation{Size: 2, Members: both, Owed: 1}, 3, autoscale.ReasonRepair},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.observation.Down = true
			got := autoscale.Decide(1, 1, 6, tt.observation)
			assert.Equal(t, tt.size, got.Size)
			assert.Equal(t, tt.reason, got.Reason)
		})
	}
}

// TestAWebhookFromAnOutageIsNotServedAfterIt: it was about members without load.
func TestAWebhookFromAnOutageIsNotServedAfterIt(t *testing.T) {
	t.Parallel()
	w := newHealthyWorld(t, 2)
	for i := range 2 {
		w.pool.SetHealth(i, autoscale.Unhealthy)
	}
	w.webhook(down)
	d := w.turn()
	require.Equal(t, autoscale.ReasonNobodyServes, d.Reason)
	assert.Equal(t, fate{down: autoscale.ReasonNobodyServes}, fates(d))
	w.pool.SetHealth(0, autoscale.Healthy)
	assert.Equal(t, autoscale.ReasonNoDemand, w.turn().Reason)
	w.webhook(down)
	assert.Equal(t, "unhealthy", w.turn().Victims[0].Why, "one serves again")
}
