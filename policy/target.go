package policy

import (
	"fmt"
	"math"

	"github.com/exopool/exopool/autoscale"
)

// Target keeps members at their objective, as the Horizontal Pod Autoscaler of
// Kubernetes does: it wants as many as the load takes, and changes nothing while
// those that serve are near their objective. Give it some stabilization, see
// [autoscale.Guards]; that of the original is five minutes for shrinking.
//
// Source: https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details
type Target struct {
	memoryless

	// Tolerance is how far from the objective members may be, as a part of it, 0 to
	// 1. That of the original is 0.1.
	Tolerance float64
}

// Name implements [autoscale.Policy].
func (Target) Name() string { return "target" }

// Decide implements [autoscale.Policy].
func (p Target) Decide(_ autoscale.Memory, o autoscale.Observation) autoscale.Wish {
	load := o.Load.Members
	seen := describe(o)
	near := o.Serving > 0 && math.Abs(load/float64(o.Serving)-1) <= p.Tolerance
	size := members(load)
	switch {
	case near && o.Serving == o.Size:
		return autoscale.Wish{Size: o.Size, Why: seen + ", near enough to the objective"}
	case o.Load.AtLeast && size < o.Size:
		return autoscale.Wish{Size: o.Size, Why: seen + ", so that nobody goes"}
	default:
		return autoscale.Wish{Size: size, Why: seen}
	}
}

// members returns how many members carry a load.
func members(load float64) int { return int(math.Ceil(load - 1e-9)) }

// describe says what is known of the load.
func describe(o autoscale.Observation) string {
	atLeast := ""
	if o.Load.AtLeast {
		atLeast = "at least "
	}
	return fmt.Sprintf("the load takes %s%.2f members, %d of %d serve", atLeast, o.Load.Members, o.Serving, o.Size)
}
