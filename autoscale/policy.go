package autoscale

import "math"

// newPolicy returns the policy of a loop: a step in the direction that is asked
// for, unless the fuse is blown or nobody serves, within the limits; or else a
// repair; or else a rolling change; and last, who goes.
func newPolicy(cfg Config) policy {
	step := outage{policy: byStep{step: cfg.Step}, min: cfg.Min}
	limited := limits{policy: fuse{policy: step}, step: cfg.Step, min: cfg.Min, max: cfg.Max}
	repaired := repair{policy: limited, order: cfg.EvictionOrder, max: cfg.Max}
	rolled := rolling{policy: repaired, order: cfg.EvictionOrder, max: cfg.Max, begins: cfg.RollingChange}
	return scaleIn{policy: rolled, order: cfg.EvictionOrder, max: cfg.Max}
}

// A policy turns an observation into a target. It is a pure function: the same
// observation always gives the same target.
type policy interface {
	decide(observation) target
}

// An observation is all that a policy knows.
type observation struct {
	Size    int              // members asked for, as just read from the provider; 0 or more
	Members []observedMember // members that exist, in any condition
	Up      bool             // at least one webhook asks for more
	Down    bool             // at least one webhook asks for fewer

	AwaitsMissing bool // members that do not exist yet may still come
	HealthUnknown bool // the health of the members could not be read
	FuseBlown     bool // starts of members fail
	Halted        bool // the rolling change
	Owed          int  // members that were evicted, and are to be replaced; negative: [observation.surplus]
	MayRepair     bool // not too many were lately
}

// A target is the size that a policy wants, and why. A size equal to the
// observed one means that there is nothing to do.
type target struct {
	Size    int
	Reason  Reason
	Victims []Victim // who goes, if the size is smaller; none: nobody who exists
	// Webhooks is what becomes of webhooks that a repair or a rolling change does
	// not serve.
	Webhooks Reason
	Halts    bool // the rolling change, until an operator resumes it
}

// waits reports whether a later turn may do what webhooks ask for, so that they
// wait for it.
func (t target) waits() bool { return waits(t.Reason) }

func waits(reason Reason) bool {
	switch reason {
	case ReasonMemberStarting, ReasonHealthUnknown, ReasonProtected, ReasonFuseBlown:
		return true
	default:
		return false
	}
}

// byStep is the policy that changes the size by a fixed number of members. If
// both directions are asked for, up wins: too many members cost money, too few
// cost users.
type byStep struct{ step int }

// decide returns a size one step up or down, or the same.
func (p byStep) decide(o observation) target {
	switch {
	case o.Up && o.Size > math.MaxInt-p.step:
		return target{Size: math.MaxInt, Reason: ReasonStepUp}
	case o.Up:
		return target{Size: o.Size + p.step, Reason: ReasonStepUp}
	case o.Down:
		return target{Size: o.Size - p.step, Reason: ReasonStepDown}
	default:
		return target{Size: o.Size, Reason: ReasonNoDemand}
	}
}

// limits keeps the size between a minimum and a maximum. With any policy before
// it, a turn changes the size by one step at most and never away from the bounds,
// and brings a size out of bounds back without a webhook.
type limits struct {
	policy         policy
	step, min, max int
}

// decide corrects the target of the limited policy. Out of bounds, the way back
// comes before what the policy wants, unless the policy goes the same way.
func (l limits) decide(o observation) target {
	want := l.policy.decide(o)
	switch {
	case o.Size < l.min && want.Size <= o.Size:
		want = target{Size: l.min, Reason: ReasonBelowMinimum}
	case o.Size > l.max && want.Size >= o.Size:
		want = target{Size: l.max, Reason: ReasonAboveMaximum}
	}
	switch {
	case want.Size > o.Size:
		return l.raise(o, want)
	case want.Size < o.Size:
		return l.lower(o, want)
	default:
		return want
	}
}

// raise lets the size grow as far as the maximum permits. Members count as well
// as the size, because the provider adds new ones before it has removed the old.
func (l limits) raise(o observation, want target) target {
	room := l.max - max(o.Size, len(o.Members)-o.surplus(), 0)
	size := o.Size + min(want.Size-o.Size, l.step, room)
	if size <= o.Size {
		return target{Size: o.Size, Reason: ReasonAtMaximum}
	}
	want.Size = size
	return want
}

func (l limits) lower(o observation, want target) target {
	size := max(want.Size, o.Size-l.step, l.min)
	if size >= o.Size {
		return target{Size: o.Size, Reason: ReasonAtMinimum}
	}
	want.Size = size
	return want
}
