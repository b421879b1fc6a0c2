package autoscale

// limits keeps the size between a minimum and a maximum. With any policy before
// it, a turn changes the size by one step at most and never away from the bounds,
// and brings a size out of bounds back without a webhook.
type limits struct {
	inner stage
	step  int
}

// decide corrects the target of the limited policy. Out of bounds, the way back
// comes before what the policy wants, unless the policy goes the same way.
func (l limits) decide(o situation) target {
	want := l.inner.decide(o)
	switch {
	case o.Size < o.Min && want.Size <= o.Size:
		want = target{Size: o.Min, Reason: ReasonBelowMinimum}
		if o.Floor {
			want.Reason = ReasonSchedule
		}
	case o.Size > o.Max && want.Size >= o.Size:
		want = target{Size: o.Max, Reason: ReasonAboveMaximum}
		switch {
		case o.Ceiling:
			want.Reason = ReasonSchedule
		case o.Budgeted:
			want.Reason = ReasonBudget
		}
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

// raise lets the size grow as far as the maximum permits. Members that leave count,
// because the provider adds new ones before it has removed the old.
func (l limits) raise(o situation, want target) target {
	room := o.Max - (countExpected(o.Size+o.surplus(), o.Members) - o.surplus())
	size := o.Size + min(want.Size-o.Size, l.step, room)
	if size <= o.Size {
		return target{Size: o.Size, Reason: o.atMaximum()}
	}
	want.Size = size
	return want
}

func (l limits) lower(o situation, want target) target {
	size := max(want.Size, o.Size-l.step, o.Min)
	if size >= o.Size {
		return target{Size: o.Size, Reason: ReasonAtMinimum}
	}
	want.Size = size
	return want
}

// atMaximum returns why there is no room for more members.
func (o situation) atMaximum() Reason {
	if o.Budgeted {
		return ReasonBudget
	}
	return ReasonAtMaximum
}
