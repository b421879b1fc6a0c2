package contender_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/replay"
	"github.com/exopool/exopool/replay/contender"
)

// find returns a contender that is shown the CPU use.
func find(t *testing.T, name string) replay.Contender {
	t.Helper()
	for _, c := range contender.All(replay.CPU) {
		if c.Name == name {
			return c
		}
	}
	require.Fail(t, "no such contender", name)
	return replay.Contender{}
}

// TestTargetTracking: the load goes from 5 members at 50 % to 10, and back.
func TestTargetTracking(t *testing.T) {
	t.Parallel()
	points := make([]replay.Point, 0, 200)
	for i := range 200 {
		load := 0.5 * 5
		if i >= 40 && i < 100 {
			load *= 2
		}
		points = append(points, replay.Point{At: time.Duration(i) * time.Minute, Load: load})
	}
	trace, err := replay.NewTrace("web", points)
	require.NoError(t, err)
	cfg := replay.DefaultConfig()
	cfg.Peak = 0.5 * 10 / cfg.Objective
	result, err := replay.Run(t.Context(), trace, cfg, find(t, "aws"), nil)
	require.NoError(t, err)
	asked := func(minute int) int {
		size := 0
		for _, s := range result.Timeline {
			if s.At <= time.Duration(minute)*time.Minute {
				size = s.Asked
			}
		}
		return size
	}
	assert.Equal(t, 5, asked(41), "three data points are needed")
	assert.Equal(t, 10, asked(45))
	assert.Equal(t, 10, asked(112), "fifteen are needed to shrink")
	assert.Equal(t, 5, asked(118))
}
