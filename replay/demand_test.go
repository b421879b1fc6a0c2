package replay_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/replay"
)

func points(step time.Duration, loads ...float64) []replay.Point {
	list := make([]replay.Point, 0, len(loads))
	for i, load := range loads {
		list = append(list, replay.Point{At: time.Duration(i) * step, Load: load})
	}
	return list
}

func TestDemand(t *testing.T) {
	t.Parallel()
	unknown := math.NaN()
	tests := []struct {
		name   string
		points []replay.Point
		want   []float64
	}{
		{"one point a tick", points(10*time.Second, 4, 8, 2, 1), []float64{5, 10, 2.5}},
		{"a line between points", points(20*time.Second, 8, 4, 8), []float64{10, 7.5, 5, 7.5}},
		{"the mean of several", points(5*time.Second, 2, 4, 8, 6, 0), []float64{3.75, 8.75}},
		{"not known", points(10*time.Second, 4, unknown, 8, 8), []float64{5, unknown, 10}},
		{
			"two missing points are bridged",
			[]replay.Point{{0, 8}, {10 * time.Second, 8}, {20 * time.Second, 8}, {50 * time.Second, 2}},
			[]float64{10, 10, 10, 7.5, 5},
		},
		{
			"more leave a gap",
			[]replay.Point{{0, 8}, {10 * time.Second, 8}, {20 * time.Second, 4}, {60 * time.Second, 8}, {70 * time.Second, 4}},
			[]float64{10, 10, 5, unknown, unknown, unknown, 10},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			trace, err := replay.NewTrace("web", test.points)
			require.NoError(t, err)
			got := trace.Demand(10*time.Second, 10)
			require.Len(t, got, len(test.want))
			for i, want := range test.want {
				assert.InDelta(t, want, got[i], 1e-9, "tick %d", i)
			}
		})
	}
}
