package replay_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/exopool/exopool/replay"
)

// TestFiguresByHand: four hours, of which each is one moment.
func TestFiguresByHand(t *testing.T) {
	t.Parallel()
	got := replay.Measure(time.Hour,
		replay.Moment{Needed: 4, Asked: 4, Exist: 4, Serving: 4}, // as it should be
		replay.Moment{Needed: 5, Asked: 6, Exist: 6, Serving: 4}, // one of five lacks: 0.2
		replay.Moment{Needed: 4, Asked: 6, Exist: 6, Serving: 6}, // two of four too many: 0.5
		replay.Moment{Needed: 2, Asked: 3, Exist: 3, Serving: 3}, // one of two too many: 0.5
	)
	assert.InDelta(t, 100*0.2/4, got.UnderAccuracy, 1e-9)
	assert.InDelta(t, 100*1.0/4, got.OverAccuracy, 1e-9)
	assert.InDelta(t, 25, got.UnderTimeshare, 1e-9)
	assert.InDelta(t, 50, got.OverTimeshare, 1e-9)
	// Needed: up, down, down. Serving: the same, up, down. Two of three differ.
	assert.InDelta(t, 100*2.0/3, got.Instability, 1e-9)
	assert.InDelta(t, 19, got.MemberHours, 1e-9)
	assert.InDelta(t, 15, got.NeededHours, 1e-9)
	assert.InDelta(t, 19.0/15, got.CostRatio, 1e-9)
	assert.InDelta(t, 1.0/6, got.Days, 1e-9)
	assert.InDelta(t, 2*6, got.ChangesPerDay, 1e-9, "4 to 6, and 6 to 3, in a sixth of a day")
	assert.InDelta(t, 1*6, got.ReversalsPerDay, 1e-9)
}

func TestTimeWithoutALoadIsLeftOut(t *testing.T) {
	t.Parallel()
	a := replay.Moment{Needed: 4, Asked: 4, Exist: 4, Serving: 4}
	b := replay.Moment{Needed: 5, Asked: 5, Exist: 5, Serving: 4}
	gap := replay.Moment{Load: math.NaN(), Asked: 4, Exist: 4, Serving: 4}
	with, without := replay.Measure(time.Hour, a, gap, gap, b), replay.Measure(time.Hour, a, b)
	assert.InDelta(t, 100, without.Instability, 1e-9)
	assert.Zero(t, with.Instability, "over a gap nothing is compared")
	with.Instability = without.Instability
	assert.Equal(t, without, with)
}

func TestSpeedup(t *testing.T) {
	t.Parallel()
	base := replay.Figures{UnderAccuracy: 1, OverAccuracy: 8, UnderTimeshare: 4, OverTimeshare: 50}
	half := replay.Figures{UnderAccuracy: 0.5, OverAccuracy: 4, UnderTimeshare: 2, OverTimeshare: 25}
	assert.InDelta(t, 1, base.Speedup(base), 1e-9)
	assert.InDelta(t, 2, half.Speedup(base), 1e-9)
	assert.InDelta(t, 0.5, base.Speedup(half), 1e-9)
	none := base
	none.UnderAccuracy, none.UnderTimeshare = 0, 0 // each counts as 0.01
	assert.InDelta(t, math.Pow(100*400, 0.25), none.Speedup(base), 1e-9)
}
