package replay

import (
	"math"
	"time"
)

// demand returns the load of each tick of the trace, in members that it takes to
// carry it at the objective, so that the peak of the trace takes peak members. It
// is NaN where the load is not known.
func (t Trace) demand(tick time.Duration, peak float64) []float64 {
	loads := make([]float64, t.Length()/tick)
	before := 0 // the last point that is not later than the tick begins
	for i := range loads {
		from := t.points[0].At + time.Duration(i)*tick
		for t.points[before+1].At <= from {
			before++
		}
		loads[i] = t.load(before, from, from+tick) / t.peak * peak
	}
	return loads
}

// load returns the mean of the points within a tick, if several are. Otherwise the
// load lies on a straight line from one point to the next.
func (t Trace) load(before int, from, until time.Duration) float64 {
	a, b := t.points[before], t.points[before+1]
	within := t.points[before+1:]
	sum, count := 0.0, 0
	if a.At == from {
		sum, count = a.Load, 1
	}
	for i := 0; i < len(within) && within[i].At < until; i++ {
		sum += within[i].Load
		count++
	}
	switch {
	case count > 1:
		return sum / float64(count)
	case a.At == from:
		return a.Load
	case b.At-a.At > t.gap:
		return math.NaN()
	}
	share := float64(from-a.At) / float64(b.At-a.At)
	return a.Load*(1-share) + b.Load*share
}

// needed returns how many members it takes to carry a load, within the bounds of
// the pool. The tolerance keeps a load of exactly three members at three.
func (cfg Config) needed(load float64) int {
	const tolerance = 1e-9
	return min(max(int(math.Ceil(load-tolerance)), cfg.Min), cfg.Max)
}
