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
	want.Victims = goOn(o.Members, s.order.choose(o.Members, surplus))
	if len(want.Victims) == 0 {
		return target{Size: o.Size, Reason: ReasonProtected}
	}
	want.Size = o.Size - len(want.Victims)
	return want
}

// goOn returns the victims without those that serve and do not drain yet, if another
// drains. They begin when that one is gone: all victims of a turn go together, so that
// one more in each turn would keep them all.
func goOn(members []observedMember, victims []Victim) []Victim {
	is := func(v Victim, what condition) bool {
		return slices.ContainsFunc(members, func(m observedMember) bool { return m.ID == v.ID && m.Condition == what })
	}
	if !slices.ContainsFunc(victims, func(v Victim) bool { return is(v, draining) }) {
		return victims
	}
	return slices.DeleteFunc(victims, func(v Victim) bool { return is(v, serving) })
}
