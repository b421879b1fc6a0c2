package autoscale_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/exopool/exopool/autoscale"
)

func TestPolicy(t *testing.T) {
	t.Parallel()
	up, down := autoscale.Situation{Up: true}, autoscale.Situation{Down: true}
	both, none := autoscale.Situation{Up: true, Down: true}, autoscale.Situation{}
	tests := []struct {
		rule          string
		demand        autoscale.Situation
		size, members int
		step          int
		want          int
		reason        autoscale.Reason
	}{
		{"up adds a step", up, 4, 4, 1, 5, autoscale.ReasonStepUp},
		{"down takes a step", down, 4, 4, 1, 3, autoscale.ReasonStepDown},
		{"up wins over down", both, 4, 4, 1, 5, autoscale.ReasonStepUp},
		{"no webhook, no change", none, 4, 4, 1, 4, autoscale.ReasonNoDemand},
		{"up holds at the maximum", up, 6, 6, 1, 6, autoscale.ReasonAtMaximum},
		{"down holds at the minimum", down, 2, 2, 1, 2, autoscale.ReasonAtMinimum},
		{"both at the maximum holds: up has won", both, 6, 6, 1, 6, autoscale.ReasonAtMaximum},
		{"a step is cut off at the maximum", up, 5, 5, 3, 6, autoscale.ReasonStepUp},
		{"a step is cut off at the minimum", down, 3, 3, 3, 2, autoscale.ReasonStepDown},
		{"below the minimum the pool grows by itself", none, 1, 1, 1, 2, autoscale.ReasonBelowMinimum},
		{"a step a turn", none, 0, 0, 1, 1, autoscale.ReasonBelowMinimum},
		{"and no further than the minimum", none, 0, 0, 5, 2, autoscale.ReasonBelowMinimum},
		{"above the maximum the pool shrinks by itself", none, 7, 7, 1, 6, autoscale.ReasonAboveMaximum},
		{"a step a turn down, too", none, 20, 20, 3, 17, autoscale.ReasonAboveMaximum},
		{"and no further than the maximum", none, 7, 7, 3, 6, autoscale.ReasonAboveMaximum},
		{"up below the minimum is one step, too", up, 0, 0, 1, 1, autoscale.ReasonStepUp},
		{"up below the minimum goes further if the step does", up, 1, 1, 3, 4, autoscale.ReasonStepUp},
		{"down above the maximum is one step, too", down, 20, 20, 1, 19, autoscale.ReasonStepDown},
		{"down above the maximum goes further if the step does", down, 7, 7, 3, 4, autoscale.ReasonStepDown},
		{"up above the maximum shrinks the pool", up, 20, 20, 1, 19, autoscale.ReasonAboveMaximum},
		{"down below the minimum grows the pool", down, 1, 1, 1, 2, autoscale.ReasonBelowMinimum},
		{"both above the maximum shrink the pool", both, 20, 20, 1, 19, autoscale.ReasonAboveMaximum},
		{"members count towards the maximum", up, 4, 6, 1, 4, autoscale.ReasonAtMaximum},
		{"members leave room for a part of the step", up, 3, 5, 3, 4, autoscale.ReasonStepUp},
		{"members still to come count as well", up, 6, 1, 1, 6, autoscale.ReasonAtMaximum},
		{"members leave room below the minimum", none, 0, 5, 3, 1, autoscale.ReasonBelowMinimum},
		{"too many members below the minimum: hold", none, 0, 6, 1, 0, autoscale.ReasonAtMaximum},
		{"members do not hinder going down", down, 4, 9, 1, 3, autoscale.ReasonStepDown},
		{"huge numbers do not overflow", up, math.MaxInt32, 0, math.MaxInt, 6, autoscale.ReasonAboveMaximum},
		{"huge steps do not overflow", up, 5, 5, math.MaxInt, 6, autoscale.ReasonStepUp},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			o := tt.demand
			o.Size, o.Members = tt.size, members(tt.members, autoscale.Serving)
			got := autoscale.Decide(tt.step, 2, 6, o)
			assert.Equal(t, tt.want, got.Size)
			assert.Equal(t, tt.reason, got.Reason)
		})
	}
}

// FuzzPolicy: whatever is observed, a turn changes the size by one step at
// most, never away from the bounds, and within them only as asked.
func FuzzPolicy(f *testing.F) {
	f.Add(uint32(4), uint32(4), uint16(0), uint16(1), uint16(9), true, false)
	f.Add(uint32(0), uint32(9), uint16(2), uint16(3), uint16(0), true, true)
	f.Add(uint32(math.MaxInt32), uint32(0), uint16(65535), uint16(65535), uint16(65535), false, true)
	f.Fuzz(func(t *testing.T, size uint32, exist uint32, step, lowest, span uint16, up, down bool) {
		o := autoscale.Situation{
			Size: int(size >> 1), Members: members(int(exist%300), autoscale.Serving), Up: up, Down: down,
		}
		least, most := int(lowest)+1, int(lowest)+1+int(span)
		got := autoscale.Decide(int(step)+1, least, most, o)
		assert.LessOrEqual(t, max(got.Size-o.Size, o.Size-got.Size), int(step)+1)
		switch {
		case got.Size > o.Size:
			assert.True(t, up || o.Size < least, "more was asked for")
			assert.LessOrEqual(t, max(len(o.Members), o.Size)+got.Size-o.Size, most, "room for all members")
		case got.Size < o.Size:
			assert.True(t, down && !up || o.Size > most, "fewer was asked for")
			assert.GreaterOrEqual(t, got.Size, least)
		default:
			assert.LessOrEqual(t, o.Size, most, "too large and left so")
			assert.True(t, o.Size >= least || len(o.Members) >= most, "too small and left so")
			assert.NotContains(t, []autoscale.Reason{
				autoscale.ReasonStepUp, autoscale.ReasonStepDown, autoscale.ReasonBelowMinimum, autoscale.ReasonAboveMaximum,
			}, got.Reason)
		}
	})
}

// TestMembersStillToComeCountBesideThoseThatLeave: the maximum holds also if the
// missing one comes before the other has left.
func TestMembersStillToComeCountBesideThoseThatLeave(t *testing.T) {
	t.Parallel()
	all := append(members(4, autoscale.Serving), member("x", autoscale.Leaving, 9))
	got := autoscale.Decide(1, 2, 6, autoscale.Situation{Size: 5, Members: all, Up: true})
	assert.Equal(t, autoscale.Target{Size: 5, Reason: autoscale.ReasonAtMaximum}, got)
	got = autoscale.Decide(1, 2, 7, autoscale.Situation{Size: 5, Members: all, Up: true})
	assert.Equal(t, 6, got.Size)
}
