package autoscale

import (
	"context"
	"log/slog"
	"slices"
)

// A RollingState says where a rolling change stands. Without one it is empty.
type RollingState string

// The states of a rolling change.
const (
	RollingRunning RollingState = "running" // outdated members are being replaced
	RollingHalted  RollingState = "halted"  // a new member did not serve
)

// rolling replaces outdated members one by one: it lets the pool grow by one
// beyond what its policy wants, and when all new members serve it evicts the oldest
// that is outdated. On a new member that does not serve it halts, because others
// would not either. It comes after all that changes the size for another reason.
type rolling struct {
	inner  stage
	order  EvictionOrder // of members, if none is outdated any more
	begins bool          // it may begin; one that has begun comes to its end in any case
}

func (r rolling) decide(o situation) target {
	want := r.inner.decide(o.withoutSurplus())
	want.Size += o.surplus()
	if want.Size != o.Size || o.Owed > 0 || want.Reason == ReasonNotReplaced {
		want.Halts = o.surplus() > 0 && len(o.lost()) > 0
		return want
	}
	wait := want
	if want.Reason.isIdle() && (o.surplus() > 0 || r.begins && o.evictableOutdated() > 0) {
		wait.Reason = ReasonRollingChange
		if o.Halted {
			wait.Reason = ReasonRollingHalted
		}
	}
	conditions := countConditions(o.Members)
	missing := countMissing(o.Size, o.Members)
	if conditions.Starting > 0 || missing > 0 && o.AwaitsMissing || o.HealthUnknown {
		return wait
	}
	if o.surplus() > 0 {
		step := r.end(o, conditions.Serving, missing)
		if step.Size == o.Size {
			return wait
		}
		step.Webhooks = want.Reason
		return step
	}
	if !r.begins || o.Halted || o.FuseBlown || missing > 0 || o.evictableOutdated() == 0 ||
		!o.newMembersServe() || max(o.Size, len(o.Members)) > o.Max {
		return wait
	}
	return target{Size: o.Size + 1, Reason: ReasonRollingChange, Webhooks: want.Reason}
}

// end takes back the surplus: the new member has arrived, or has failed.
func (r rolling) end(o situation, nowServing, missing int) target {
	step := target{Size: o.Size - 1, Reason: ReasonRollingChange}
	if missing > 0 { // the provider gives up on a member that does not exist
		step.Halts = true
		return step
	}
	if step.Victims = r.order.choose(o.lost(), 1); len(step.Victims) > 0 {
		step.Halts = true
		return step
	}
	order := r.order
	if o.evictableOutdated() > 0 {
		order = OldestFirst
	}
	step.Victims = order.choose(o.Members, 1)
	if len(step.Victims) == 0 || !o.newMembersServe() {
		return target{Size: o.Size}
	}
	at := slices.IndexFunc(o.Members, func(m observedMember) bool { return m.ID == step.Victims[0].ID })
	if victim := o.Members[at]; !victim.idle() {
		if victim.Condition == serving {
			nowServing--
		}
		if nowServing < step.Size { // another one has ceased to serve
			return target{Size: o.Size}
		}
	}
	return step
}

// surplus returns how many members a rolling change has added and not taken back.
func (o situation) surplus() int { return max(-o.Owed, 0) }

// withoutSurplus returns what is observed as if the rolling change had not begun:
// its member is part of no size that others ask for.
func (o situation) withoutSurplus() situation {
	o.Size -= o.surplus()
	return o
}

// evictableOutdated counts the members that a rolling change would replace.
func (o situation) evictableOutdated() (n int) {
	for _, m := range o.Members {
		if m.Outdated && !m.Protected && m.Condition != leaving {
			n++
		}
	}
	return n
}

// lost returns the new members that have failed, or have not served for as long.
func (o situation) lost() []observedMember {
	return filter(o.Members, func(m observedMember) bool { return !m.Outdated && m.Lost })
}

// newMembersServe reports whether all members that are not outdated serve, or drain,
// as far as anything is known of them.
func (o situation) newMembersServe() bool {
	return !slices.ContainsFunc(o.Members, func(m observedMember) bool {
		return !m.Outdated && (m.Condition == starting || m.idle() && m.Condition != unknown)
	})
}

// recordRolling takes where the rolling change stands, and logs it when that has
// changed.
func (l *Loop) recordRolling(ctx context.Context, d *Decision) {
	o := l.observe(d)
	switch {
	case o.surplus() == 0 && (!l.cfg.RollingChange || o.evictableOutdated() == 0):
		d.RollingChange = ""
	case o.Halted:
		d.RollingChange = RollingHalted
	default:
		d.RollingChange = RollingRunning
	}
	l.metrics.setRolling(d.RollingChange)
	before, now := l.rolling, d.RollingChange
	l.rolling = now
	attrs := l.attrs(slog.Int("outdated", d.Outdated), slog.Int("members", d.Members))
	if now == before {
		return
	}
	switch now {
	case RollingHalted:
		l.cfg.Logger.LogAttrs(ctx, slog.LevelWarn, "rolling change halted: a new member did not serve", attrs...)
	case RollingRunning:
		l.cfg.Logger.LogAttrs(ctx, slog.LevelInfo, "rolling change: replacing outdated members", attrs...)
	default:
		l.cfg.Logger.LogAttrs(ctx, slog.LevelInfo, "rolling change has ended", attrs...)
	}
}
