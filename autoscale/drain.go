package autoscale

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"syscall"
	"time"
)

// A Drainer lets a member finish its work before it is evicted. Members are named
// by their addresses. Its methods return soon after ctx ends, and are called by
// one goroutine at a time.
type Drainer interface {
	// Drain makes the load balancer take the member out, and returns how many
	// connections to its application are still open. It is repeated each turn:
	// a drain that is not renewed ends by itself after the lease, so that a
	// program that has died leaves no member out. An error that wraps
	// ECONNREFUSED says that the member cannot be drained.
	Drain(ctx context.Context, address string) (connections int, err error)
	// Stop makes the member's application answer what it was asked and end. It
	// is called if connections do not end by themselves.
	Stop(ctx context.Context, address string) (connections int, err error)
	// Resume takes the member back.
	Resume(ctx context.Context, address string) error
	// Lease returns how long a drain lasts that is not renewed.
	Lease() time.Duration
}

// A drain is a member on its way out of the pool.
type drain struct {
	why            string // it was chosen
	address        string
	since, renewed time.Time
	served         bool // it did when the drain began
	stopped        bool
}

// drained reports whether all victims may go now. It begins their drains, or goes
// on with them. A drain that fails ends with its timeout: no member stays for good
// because it does not answer.
func (l *Loop) drained(ctx, calls context.Context, d *Decision) bool {
	if l.cfg.Drainer == nil || l.cfg.DryRun {
		return true
	}
	ready := true
	share := l.cfg.Timeout / time.Duration(2*len(d.Victims)+1) // the eviction needs time, too
	for i := range d.Victims {
		at := slices.IndexFunc(l.members, func(m observedMember) bool { return m.ID == d.Victims[i].ID })
		if m := l.members[at]; m.State != MemberFailed && m.Address.IsValid() {
			ready = l.drainMember(ctx, calls, share, m, &d.Victims[i]) && ready
		}
	}
	return ready
}

// drainMember begins or renews the drain of a member, which takes a share of the
// turn at most, and reports whether it is done.
func (l *Loop) drainMember(ctx, calls context.Context, share time.Duration, m observedMember, victim *Victim) bool {
	now := l.cfg.Clock.Now()
	began := l.drains[m.ID]
	if began == nil {
		began = &drain{why: victim.Why, address: m.Address.String(), since: now, served: m.Condition == serving}
		l.drains[m.ID] = began
	}
	if began.since.After(now) { // the clock was set back
		began.since = now
	}
	began.renewed = now
	passed := now.Sub(began.since)
	calls, cancel := context.WithTimeout(calls, share)
	defer cancel()
	connections, err := l.cfg.Drainer.Drain(calls, began.address)
	victim.Connections = connections
	out := m.Health != Healthy && passed > 0
	if err == nil && connections > 0 && out && !began.stopped && passed >= l.cfg.StopAfter {
		began.stopped = true
		_, err = l.cfg.Drainer.Stop(calls, began.address)
	}
	if err != nil {
		l.cfg.Logger.LogAttrs(ctx, slog.LevelWarn, "member cannot be drained",
			l.attrs(slog.String("member", m.Name), slog.Duration("timeout", l.cfg.DrainTimeout), slog.Any("err", err))...)
	}
	switch {
	case passed >= l.cfg.DrainTimeout:
		return true
	case errors.Is(err, syscall.ECONNREFUSED):
		return true // it has no endpoint, and waiting gives it none
	case err != nil:
		return !began.served // it has nothing to finish
	default:
		return out && connections == 0
	}
}

// resume takes a member back, which takes a share of the turn at most.
func (l *Loop) resume(calls context.Context, share time.Duration, address string) error {
	calls, cancel := context.WithTimeout(calls, share)
	defer cancel()
	return l.cfg.Drainer.Resume(calls, address)
}

// endDrains takes back all members but those that go on draining.
func (l *Loop) endDrains(ctx, calls context.Context, except []Victim) {
	share := l.cfg.Timeout / time.Duration(4*len(l.drains)+1) // what follows needs time, too
	for id, began := range l.drains {
		if slices.ContainsFunc(except, func(v Victim) bool { return v.ID == id }) {
			continue
		}
		delete(l.drains, id)
		if err := l.resume(calls, share, began.address); err != nil {
			l.cfg.Logger.LogAttrs(ctx, slog.LevelWarn, "member cannot be taken back, its drain ends by itself",
				l.attrs(slog.String("address", began.address), slog.Any("err", err))...)
		}
	}
}

// markDraining sets the condition of the members that drain. A drain that was not
// renewed within its lease has ended, and so has that of a member that is gone. If a
// member is missing, one that is not listed may be back in the next turn, and go on
// to drain.
func (l *Loop) markDraining(members []observedMember, missing int, now time.Time) {
	maps.DeleteFunc(l.drains, func(id string, began *drain) bool {
		at := slices.IndexFunc(members, func(m observedMember) bool { return m.ID == id })
		gone := at < 0 && missing == 0 || at >= 0 && members[at].Condition == leaving
		return gone || now.Sub(began.renewed) > l.cfg.Drainer.Lease()
	})
	for i := range members {
		if began := l.drains[members[i].ID]; began != nil && (members[i].Condition == serving || members[i].Condition == unhealthy) {
			members[i].Condition, members[i].Why = draining, began.why
			if began.served {
				l.roster.excuse(members[i].ID)
			}
		}
	}
}

// forgetDrains forgets the drains of members that are gone.
func (l *Loop) forgetDrains(victims []Victim) {
	for _, v := range victims {
		delete(l.drains, v.ID)
	}
}
