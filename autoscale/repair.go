package autoscale

import (
	"slices"
	"time"
)

// repair replaces members that have not served for a while: it evicts one, and
// lets the pool grow by one again. Such a member is no capacity, so that nothing
// is lost in between. It comes after webhooks that change the size, but not after
// those that cannot: a pool at its maximum under load needs it most. It waits for
// members on their way, so that one is replaced at a time. While nobody serves it
// does nothing, since then the application or the check is to blame, and new
// members would be no better.
type repair struct {
	inner stage
	order EvictionOrder
}

func (r repair) decide(o situation) target {
	want := r.inner.decide(o)
	if o.Owed > 0 && o.isEnough(want) && !o.nobodyServes() {
		return target{Size: o.Size, Reason: ReasonNotReplaced} // it is smaller already
	}
	if want.Size != o.Size || o.surplus() > 0 {
		return want
	}
	conditions := countConditions(o.Members)
	if conditions.Starting > 0 || countMissing(o.Size, o.Members) > 0 && o.AwaitsMissing {
		return want
	}
	if o.Owed > 0 {
		if countExpected(o.Size, o.Members) < o.Max {
			return target{Size: o.Size + 1, Reason: ReasonRepair, Webhooks: want.Reason}
		}
		return want
	}
	if conditions.Serving == 0 || o.HealthUnknown || !o.MayRepair {
		return want
	}
	broken := filter(o.Members, func(m observedMember) bool { return m.Broken })
	if victims := r.order.choose(broken, 1); len(victims) > 0 {
		return target{Size: o.Size - 1, Reason: ReasonRepair, Victims: victims, Webhooks: want.Reason}
	}
	return want
}

// isEnough reports whether the pool has as many members as are asked for, so that one
// that is owed to it is not needed: webhooks ask for fewer than before, or a policy
// by load for no more than there are.
func (o situation) isEnough(want target) bool {
	if o.Down && !o.Up && !want.waits() {
		return true
	}
	return want.Reason == ReasonAsWanted || want.Reason == ReasonAtMinimum
}

// mayRepair reports whether another member may be replaced in this hour.
func (l *Loop) mayRepair() bool {
	l.repairs = slices.DeleteFunc(l.repairs, func(t time.Time) bool {
		return l.readAt.Sub(t) >= time.Hour || t.After(l.readAt)
	})
	return len(l.repairs) < l.cfg.RepairsPerHour
}
