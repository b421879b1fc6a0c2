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
	return ByStep{step: step}, checkStep(step)
}

func checkStep(step int) error {
	if step < 1 {
		return fmt.Errorf("step is %d: set it to 1 or more", step)
	}
	return nil
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

// Limits keeps the size between a minimum and a maximum, one step at a time,
// and comes last: whatever policy is before it, a turn changes the size by one
// step at most, never away from the bounds, and brings a size that is out of
// them back without being asked.
type Limits struct {
	policy         Policy
	step, min, max int
}

// NewLimits returns policy within the bounds 1 ≤ lowest ≤ highest, and within
// step members a turn, at least one. The error names every setting that is
// wrong.
func NewLimits(policy Policy, step, lowest, highest int) (Limits, error) {
	errs := []error{checkStep(step)}
	if lowest < 1 {
		errs = append(errs, fmt.Errorf("minimum is %d: set it to 1 or more", lowest))
	}
	if highest < lowest {
		errs = append(errs, fmt.Errorf("maximum is %d, below the minimum of %d: raise the maximum or lower the minimum", highest, lowest))
	}
	return Limits{policy: policy, step: step, min: lowest, max: highest}, errors.Join(errs...)
}

// Decide asks the limited policy and corrects its target. Out of bounds, the
// way back comes before what the policy wants, unless that goes the same way.
func (l Limits) Decide(o Observation) Target {
	target := l.policy.Decide(o)
	switch {
	case o.Size < l.min && target.Size <= o.Size:
		target = Target{Size: l.min, Reason: ReasonBelowMinimum}
	case o.Size > l.max && target.Size >= o.Size:
		target = Target{Size: l.max, Reason: ReasonAboveMaximum}
	}
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
	size := o.Size + min(target.Size-o.Size, l.step, room)
	if size <= o.Size {
		return Target{Size: o.Size, Reason: ReasonAtMaximum}
	}
	target.Size = size
	return target
}

func (l Limits) lower(o Observation, target Target) Target {
	size := max(target.Size, o.Size-l.step, l.min)
	if size >= o.Size {
		return Target{Size: o.Size, Reason: ReasonAtMinimum}
	}
	target.Size = size
	return target
}
