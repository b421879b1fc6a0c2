package autoscale

import "slices"

// outage keeps webhooks from shrinking a pool in which nobody serves. Members that
// do not serve have no load, which looks like too many members; but the application
// or its health check is to blame, and whoever serves first afterwards needs the
// others. The limits come after it: a size above the maximum is corrected all the
// same, since the maximum bounds the cost.
type outage struct {
	policy policy
	min    int
}

func (p outage) decide(o observation) target {
	want := p.policy.decide(o)
	if want.Size < o.Size && o.Size > p.min && !o.HealthUnknown && o.nobodyServes() {
		return target{Size: o.Size, Reason: ReasonNobodyServes}
	}
	return want
}

// nobodyServes reports whether no member serves, nor is one on its way that may.
func (o observation) nobodyServes() bool {
	if countMissing(o.Size, o.Members) > 0 && o.AwaitsMissing {
		return false
	}
	return !slices.ContainsFunc(o.Members, func(m observedMember) bool {
		return m.Condition == serving || m.Condition == starting || m.Condition == draining && !m.idle()
	})
}
