package autoscale

import (
	"errors"
	"fmt"
	"math"
)

// ByStep is the policy that moves by a fixed number of members at a time. When
// both directions are asked for, up wins: too many members cost money, too few
// cost users.
type ByStep struct{ step int }

// NewByStep returns a policy that moves by step members, at least one.
func NewByStep(step int) (ByStep, error) {
	if step < 1 {
		return ByStep{}, fmt.Errorf("step is %d: set it to 1 or more", step)
	}
	return ByStep{step: step}, nil
}

// Decide moves by one step, or stays.
func (p ByStep) Decide(o Observation) Target {
	switch {
	case o.Up && o.Size > math.MaxInt-p.step:
		return Target{Size: math.MaxInt, Reason: ReasonStepUp}
	case o.Up:
		return Target{Size: o.Size + p.step, Reason: ReasonStepUp}
	case o.Down:
		return Target{Size: o.Size - p.step, Reason: ReasonStepDown}
	default:
		return Target{Size: o.Size, Reason: ReasonNoDemand}
	}
}

// Limits keeps another policy's target between a minimum and a maximum, and
// comes last: whatever is added before it, the size stays within bounds.
//
// It corrects a target but never turns it round: a wish for more is not
// answered with fewer, even when the pool is already too large.
type Limits struct {
	policy   Policy
	min, max int
}

// NewLimits returns policy within the bounds 1 ≤ lowest ≤ highest. The error
// names every bound that is wrong.
func NewLimits(policy Policy, lowest, highest int) (Limits, error) {
	var errs []error
	if lowest < 1 {
		errs = append(errs, fmt.Errorf("minimum is %d: set it to 1 or more", lowest))
	}
	if highest < lowest {
		errs = append(errs, fmt.Errorf("maximum is %d, below the minimum of %d: raise the maximum or lower the minimum", highest, lowest))
	}
	return Limits{policy: policy, min: lowest, max: highest}, errors.Join(errs...)
}

// Decide asks the limited policy and corrects its target.
func (l Limits) Decide(o Observation) Target {
	target := l.policy.Decide(o)
	switch {
	case target.Size > o.Size:
		return l.raise(o, target)
	case target.Size < o.Size:
		return l.lower(o, target)
	default:
		return target
	}
}

// raise lets the size grow by what still fits under the maximum. Members count
// beside the size, because the provider adds new ones before it has got rid
// of old ones.
func (l Limits) raise(o Observation, target Target) Target {
	room := l.max - max(o.Size, o.Members, 0)
	wanted := max(target.Size, l.min) - o.Size
	size := o.Size + min(wanted, room)
	if size <= o.Size || size < l.min {
		return Target{Size: o.Size, Reason: ReasonAtMaximum}
	}
	target.Size = size
	return target
}

func (l Limits) lower(o Observation, target Target) Target {
	size := max(min(target.Size, l.max), l.min)
	if size >= o.Size {
		return Target{Size: o.Size, Reason: ReasonAtMinimum}
	}
	target.Size = size
	return target
}
