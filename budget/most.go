package budget

import (
	"math"
	"sort"
	"time"
)

// A WayBack says how fast a pool becomes smaller.
type WayBack struct {
	Lead time.Duration // until the first members have gone
	Turn time.Duration // from then on, from one resize to the next
	Step int           // members that go in one resize, 1 or more
}

// seconds returns the member-seconds of so many members until all have gone.
func (w WayBack) seconds(members int) float64 {
	step := max(w.Step, 1)
	resizes := float64((members - 1) / step) // after the first
	later := resizes*float64(members) - float64(step)*resizes*(resizes+1)/2
	return w.Lead.Seconds()*float64(members) + w.Turn.Seconds()*later
}

// Most returns how many members the plan pays for, from minimum to maximum: as many
// as can exist now, and leave so late that the limit is just not exceeded when the
// minimum exists to the end of the period. As many can come to the beginning of the
// next period, and leave then.
func (p Plan) Most(a Account, minimum, maximum int, back WayBack) int {
	if !p.limited() || p.Price <= 0 {
		return maximum
	}
	if p.Hourly > 0 {
		maximum = min(maximum, max(int(math.Min(p.Hourly/p.Price*(1+1e-9), maxMembers)), minimum))
	}
	if p.Limit <= 0 {
		return maximum
	}
	start, end := a.Period.bounds(a.At)
	all := p.Limit / p.Price * secondsPerHour
	here := all - a.Seconds - a.left().Seconds()*float64(minimum)
	next := all - end.Sub(start).Seconds()*float64(minimum)
	free := min(here, next)
	more := sort.Search(max(maximum-minimum, 0), func(n int) bool { return back.seconds(n+1) > free })
	return minimum + more
}

// Saves reports whether so much is spent that the pool is to save: the soft part of
// what the minimum leaves of the limit.
func (p Plan) Saves(a Account, minimum int) bool {
	if p.Limit <= 0 || p.Price <= 0 {
		return false
	}
	soft := p.Soft
	if soft == 0 {
		soft = DefaultSoft
	}
	start, end := a.Period.bounds(a.At)
	forMore := p.Limit - p.cost(end.Sub(start).Seconds()*float64(minimum))
	used := p.cost(a.Seconds - a.At.Sub(start).Seconds()*float64(minimum))
	return used >= soft*forMore
}
