package forecast_test

import (
	"math"
	"testing"
	"time"

	"github.com/exopool/exopool/policy/forecast"
)

// wave is the load of a site by day and night, with some noise.
func wave(minute int) float64 {
	day := float64(minute) / (24 * 60)
	noise := math.Sin(float64(minute)*12.9898) * 43758.5453
	return 6 + 4*math.Sin(2*math.Pi*day) + (noise - math.Floor(noise))
}

func newModel(tb testing.TB) *forecast.Model {
	tb.Helper()
	m, err := forecast.New(forecast.Config{Shortage: 0.001, Worth: 15})
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func sample(minute int, load float64) forecast.Sample {
	return forecast.Sample{
		At:   time.Unix(1_000_000_000+60*int64(minute), 0),
		Load: load, Interval: time.Minute, Lead: 2 * time.Minute,
	}
}

func BenchmarkTurn(b *testing.B) {
	m := newModel(b)
	for i := range 20_000 {
		m.Learn(sample(i, wave(i)))
	}
	i := 20_000
	b.ReportAllocs()
	for b.Loop() {
		m.Learn(sample(i, wave(i)))
		m.Predict()
		i++
	}
}
