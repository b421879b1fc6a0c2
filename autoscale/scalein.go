package autoscale

import "slices"

// scaleIn lets a pool shrink only when it is known what goes: all members have
// arrived, none stops, their health is known, and some may go. It names them, worst first. A
// member that serves, or drains, goes only if none is left that does not, so that
// the capacity never falls below the target.
type scaleIn struct {
	inner stage
	order EvictionOrder
}

func (s scaleIn) decide(o situation) target {
	drains := slices.ContainsFunc(o.Members, func(m observedMember) bool { return m.Condition == draining && !m.idle() })
	if o.Up && drains && (o.surplus() == 0 || o.withoutSurplus().Size < o.Max) {
		return target{Size: o.Size, Reason: ReasonTakenBack} // sooner than a new one
	}
	want := s.inner.decide(o)
	if want.Size >= o.Size || len(want.Victims) > 0 {
		return want
	}
	surplus, missing := o.Size-want.Size, countMissing(o.Size, o.Members)
	switch {
	case slices.ContainsFunc(o.Members, func(m observedMember) bool { return m.Condition == starting || m.stops() }), missing > 0 && o.AwaitsMissing:
		return target{Size: o.Size, Reason: ReasonMemberStarting}
	case o.HealthUnknown:
		return target{Size: o.Size, Reason: ReasonHealthUnknown}
	case missing > 0: // the provider gives up on members that do not exist
		want.Size = o.Size - min(surplus, missing)
		return want
	}
	if slices.ContainsFunc(o.Members, func(m observedMember) bool { return m.Condition == draining && m.Protected }) {
		return target{Size: o.Size, Reason: ReasonProtected} // it comes back before another goes
	}
	want.Victims = s.order.choose(o.Members, surplus)
	if len(want.Victims) == 0 {
		return target{Size: o.Size, Reason: ReasonProtected}
	}
	want.Size = o.Size - len(want.Victims)
	return want
}
