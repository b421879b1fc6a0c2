package autoscale

import "slices"

// outage keeps webhooks from shrinking a pool in which nobody serves. Members that
// do not serve have no load, which looks like too many members; but the application
// or its health check is to blame, and whoever serves first afterwards needs the
// others. The limits come after it: a size above the maximum is corrected all the
// same, since the maximum bounds the cost.
type outage struct {
	inner stage
}

func (p outage) decide(o situation) target {
	want := p.inner.decide(o)
	if want.Size < o.Size && o.Size > o.Min && !o.HealthUnknown && o.nobodyServes() {
		return target{Size: o.Size, Reason: ReasonNobodyServes}
	}
	return want
}

// nobodyServes reports whether no member serves, nor is one on its way that may.
func (o situation) nobodyServes() bool {
	if countMissing(o.Size, o.Members) > 0 && o.AwaitsMissing {
		return false
	}
	return !slices.ContainsFunc(o.Members, func(m observedMember) bool {
		return m.Condition == serving || m.Condition == starting || m.Condition == draining && !m.idle()
	})
}
