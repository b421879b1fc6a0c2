package policy_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/replay"
)

// hill is a load that rises for four minutes, stays, and falls for eight: to a
// member or two at first, and back.
func hill(t *testing.T) replay.Trace {
	t.Helper()
	points := make([]replay.Point, 0, 200)
	for at := time.Duration(0); at <= 24*time.Minute; at += 10 * time.Second {
		share := min(at.Minutes()-1, 4)/4*0.95 + 0.05
		if fall := at.Minutes() - 9; fall > 0 {
			share = 1 - min(fall, 8)/8*0.95
		}
		points = append(points, replay.Point{At: at, Load: max(share, 0.05)})
	}
	trace, err := replay.NewTrace("hill", points)
	require.NoError(t, err)
	return trace
}

// TestFollowIsWorthItFromItsFirstMinute: in its first half hour, in which it learns,
// follow takes fewer members than step, and lacks fewer, whatever the peak is and
// however long members take to start.
func TestFollowIsWorthItFromItsFirstMinute(t *testing.T) {
	t.Parallel()
	trace := hill(t)
	sum, runs := 0.0, 0.0
	for _, boot := range []time.Duration{30 * time.Second, time.Minute, 100 * time.Second} {
		for _, peak := range []float64{2.6, 3, 3.4, 3.8, 4.2} {
			cfg := replay.DefaultConfig()
			cfg.Boot, cfg.Peak, cfg.Max = boot, peak, 6
			step, err := replay.Run(t.Context(), trace, cfg, replay.Step(), nil)
			require.NoError(t, err)
			follow, err := replay.Run(t.Context(), trace, cfg, replay.Contender{Name: "follow", Policy: newFollow(t), Signal: replay.CPU}, nil)
			require.NoError(t, err)
			took := follow.Figures.MemberHours / step.Figures.MemberHours
			t.Logf("starts of %s, peak %.1f: %.2f as many member-minutes as step, too few for %.0f %% of the time instead of %.0f %%",
				boot, peak, took, follow.Figures.UnderTimeshare, step.Figures.UnderTimeshare)
			assert.Less(t, took, 1.1, "starts of %s, peak %.1f", boot, peak)
			assert.LessOrEqual(t, follow.Figures.UnderTimeshare, step.Figures.UnderTimeshare, "starts of %s, peak %.1f", boot, peak)
			sum += took
			runs++
		}
	}
	t.Logf("%.3f as many member-minutes as step, as a mean", sum/runs)
	assert.Less(t, sum/runs, 0.9)
}
