package replay_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/replay"
	"github.com/exopool/exopool/replay/traces"
)

// TestStepOnABundledTrace holds the model of the alerts, the loop and the figures to
// what they were when they were compared with another model of the same.
func TestStepOnABundledTrace(t *testing.T) {
	t.Parallel()
	all, err := traces.All()
	require.NoError(t, err)
	require.Len(t, all, 3)
	require.Equal(t, "aws-elb-requests", all[0].Name)
	result, err := replay.Run(t.Context(), all[0], replay.DefaultConfig(), replay.Step(), nil)
	require.NoError(t, err)
	assert.InDelta(t, 7.2, result.Figures.UnderAccuracy, 0.4)
	assert.InDelta(t, 16, result.Figures.UnderTimeshare, 1)
	assert.InDelta(t, 1.67, result.Figures.CostRatio, 0.04)
	again, err := replay.Run(t.Context(), all[0], replay.DefaultConfig(), replay.Step(), nil)
	require.NoError(t, err)
	assert.Equal(t, result, again, "the same replay gives the same result")
}

// BenchmarkYear replays a year of turns.
func BenchmarkYear(b *testing.B) {
	all, err := traces.All()
	require.NoError(b, err)
	weeks := all[1]
	for b.Loop() {
		days := 0.0
		for days < 365 {
			result, err := replay.Run(b.Context(), weeks, replay.DefaultConfig(), replay.Step(), nil)
			require.NoError(b, err)
			days += result.Figures.Days
		}
	}
}
