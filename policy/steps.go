package policy

import (
	"fmt"
	"math"

	"github.com/exopool/exopool/autoscale"
)

// Steps changes the size by steps that depend on how far members are from their
// objective. Of the steps for growing whose threshold is exceeded the one with the
// highest threshold counts, and of those for shrinking the one with the lowest.
type Steps struct {
	memoryless

	Up, Down []Step
}

// A Step is taken beyond its threshold.
type Step struct {
	// Threshold is the load of members that serve, in percent of their objective: for
	// [Steps.Up] it is exceeded above it, for [Steps.Down] below it. 0 or more.
	Threshold float64
	// Members are added or removed, 0 or more, and Percent of the size, rounded up,
	// if that is more.
	Members int
	Percent float64
}

// Name implements [autoscale.Policy].
func (Steps) Name() string { return "steps" }

// Decide implements [autoscale.Policy]. While members start, the size that counts is
// that of those that serve, so that one load causes one step.
func (p Steps) Decide(_ autoscale.Memory, o autoscale.Observation) autoscale.Wish {
	seen := describe(o)
	if o.Serving == 0 {
		return autoscale.Wish{Size: o.Size, Why: seen}
	}
	use := 100 * o.Load.Members / float64(o.Serving)
	var up, down *Step
	for i := range p.Up {
		if s := &p.Up[i]; use > s.Threshold && (up == nil || s.Threshold > up.Threshold) {
			up = s
		}
	}
	for i := range p.Down {
		if s := &p.Down[i]; use < s.Threshold && (down == nil || s.Threshold < down.Threshold) {
			down = s
		}
	}
	seen = fmt.Sprintf("%s, %.0f %% of their objective", seen, use)
	switch {
	case up != nil:
		return autoscale.Wish{Size: max(o.Serving+up.of(o.Serving), o.Size), Why: seen}
	case down != nil && o.Load.AtLeast:
		return autoscale.Wish{Size: o.Size, Why: seen + ", so that nobody goes"}
	case down != nil:
		return autoscale.Wish{Size: o.Size - down.of(o.Size), Why: seen}
	default:
		return autoscale.Wish{Size: o.Size, Why: seen}
	}
}

// of returns how many members the step is of a size.
func (s Step) of(size int) int {
	return max(s.Members, int(math.Ceil(float64(size)*s.Percent/100-1e-9)))
}
