package forecast_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/policy/forecast"
)

// A peak that is nearly over when the members that it has called for serve is followed
// less: they cost from when they were asked for until they may go.
func TestPeaksThatAreNearlyOverAreFollowedLess(t *testing.T) {
	t.Parallel()
	m, err := forecast.New(forecast.Config{Shortage: 0.03, Worth: 2})
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(9, 10))
	changes, before, left := 0, 0.0, 0
	for i := range 9000 {
		load := 6.0
		if left--; left < 0 && random.IntN(25) == 0 {
			left = 4
		}
		if left > 0 {
			load = 9
		}
		m.Learn(sample(i, load))
		then, _ := m.Predict()
		if need := math.Ceil(then.Need()); i > 6000 && need != before {
			changes++
			before = need
		}
	}
	assert.Less(t, changes, 310, "in 3000 turns; 360 if only the time was judged in which they serve")
}
