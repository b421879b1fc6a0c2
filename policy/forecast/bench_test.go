package forecast_test

import (
	"math"
	"runtime"
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
	m, err := forecast.New(forecast.Config{Shortage: 0.001, Worth: 20})
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

// BenchmarkAThousandPools is a turn of one of many pools, each with a week of minutes:
// none of them is in the processor's caches.
func BenchmarkAThousandPools(b *testing.B) {
	const week = 7 * 24 * 60
	first := newModel(b)
	for i := range week {
		first.Learn(sample(i, wave(i)))
	}
	data := first.Encode()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	pools := make([]*forecast.Model, 1000)
	for i := range pools {
		m, err := forecast.Decode(forecast.Config{Shortage: 0.001, Worth: 20}, data)
		if err != nil {
			b.Fatal(err)
		}
		pools[i] = m
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportAllocs()
	turn := 0
	for b.Loop() {
		minute := week + turn/len(pools)
		m := pools[turn%len(pools)]
		m.Learn(sample(minute, wave(minute)))
		m.Predict()
		turn++
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(len(pools)), "bytes/pool")
	b.ReportMetric(float64(len(data)), "encoded-bytes/pool")
}
