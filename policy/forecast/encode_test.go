package forecast_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/policy/forecast"
)

func decode(tb testing.TB, data []byte) (*forecast.Model, error) {
	tb.Helper()
	return forecast.Decode(forecast.Config{Shortage: 0.001, Worth: 20}, data)
}

// A restart at any turn changes nothing.
func TestRestart(t *testing.T) {
	t.Parallel()
	whole, restarted := newModel(t), newModel(t)
	for i := range 3000 {
		load := wave(i)
		if i > 2500 && i < 2600 {
			load = 0
		}
		whole.Learn(sample(i, load))
		restarted.Learn(sample(i, load))
		if i%97 == 0 || i > 2950 {
			again, err := decode(t, restarted.Encode())
			require.NoError(t, err)
			restarted = again
		}
		then, until := whole.Predict()
		thenAgain, untilAgain := restarted.Predict()
		require.Equal(t, then, thenAgain)
		require.Equal(t, until, untilAgain)
	}
}

func TestNothingLearnedIsKept(t *testing.T) {
	t.Parallel()
	m, err := decode(t, newModel(t).Encode())
	require.NoError(t, err)
	then, _ := m.Predict()
	assert.True(t, then.Learning)
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	learn(m, 0, 30_000, wave)
	assert.Less(t, len(m.Encode()), 150_000)
}

func TestDamagedMemory(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	learn(m, 0, 100, wave)
	data := m.Encode()
	for _, n := range []int{0, 1, 5, 100, len(data) / 2, len(data) - 1} {
		_, err := decode(t, data[:n])
		assert.Error(t, err, n)
	}
	_, err := decode(t, append(data, 0))
	assert.Error(t, err)
	data[0]++
	_, err = decode(t, data)
	assert.Error(t, err, "another version")
}

// Nothing that can be decoded makes a model say what cannot be.
func FuzzDecode(f *testing.F) {
	m := newModel(f)
	f.Add(m.Encode())
	learn(m, 0, 50, wave)
	f.Add(m.Encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := decode(t, data)
		if err != nil {
			return
		}
		requireBounded(t, m)
		for i := range 20 {
			m.Learn(sample(i, wave(i)))
			requireBounded(t, m)
		}
		if _, err := decode(t, m.Encode()); err != nil {
			t.Fatal(err)
		}
	})
}
