package forecast_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A load that is part of what it was and part of what it is on average is foreseen
// best by both.
func TestBlendsForecasts(t *testing.T) {
	t.Parallel()
	m, random := newModel(t), rand.New(rand.NewPCG(7, 8))
	x, blended := 0.0, 0
	for i := range 8000 {
		x = 0.8*x + random.NormFloat64()
		m.Learn(sample(i, 30+3*x))
		if then, _ := m.Predict(); i >= 6000 && then.Expert == "a blend of all" {
			blended++
		}
	}
	assert.Greater(t, blended, 1500, "of 2000")
}

// Loads that say nothing of weights leave them as they are.
func TestBlendsWhatSaysNothing(t *testing.T) {
	t.Parallel()
	for name, load := range map[string]func(int) float64{
		"nothing":  constant(0),
		"the same": constant(7),
		"huge":     func(i int) float64 { return 1e9 * float64(i%2) },
		"tiny":     func(i int) float64 { return 1e-300 * float64(i%3) },
	} {
		m := newModel(t)
		learn(m, 0, 1000, load)
		then, until := m.Predict()
		for _, need := range []float64{then.Need(), until.Need()} {
			assert.False(t, math.IsNaN(need) || need < 0 || need > 2e9, "%s: %v", name, need)
		}
		again, err := decode(t, m.Encode())
		assert.NoError(t, err, name)
		thenAgain, _ := again.Predict()
		assert.Equal(t, then, thenAgain, name)
	}
}
