package autoscale

import (
	"cmp"
	"context"
	"log/slog"
	"net/netip"
)

// A Meter says how busy members are. It is asked once a turn, by one goroutine at
// a time.
type Meter interface {
	// Busy returns the CPU use of members in percent, by their addresses, IPv4
	// ones as such. Any other measure that grows with a member's work will do.
	// Members that were not measured lately are left out, and so are values that
	// are negative or NaN. It returns soon after ctx ends.
	Busy(ctx context.Context) (map[netip.Addr]float64, error)
}

// meterShare is the part of a turn that the meter may take: one in so many.
const meterShare = 8

// measure asks how busy the members are. It comes before the pool is read, so
// that the reading is not older for it. Its failure stops nothing: the order of
// eviction makes do without.
func (l *Loop) measure(ctx, calls context.Context, d *Decision) {
	l.busy = nil
	if l.cfg.Meter == nil || ctx.Err() != nil {
		return
	}
	asking, cancel := context.WithTimeout(calls, l.cfg.Timeout/meterShare)
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	busy, err := l.cfg.Meter.Busy(asking)
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		d.MeterError = err.Error()
		if !l.meterFails {
			l.cfg.Logger.LogAttrs(ctx, slog.LevelWarn, "members cannot be measured, the least busy is not known", l.attrs(slog.Any("err", err))...)
		}
	default:
		l.busy, l.busyAt = busy, l.cfg.Clock.Now()
		if l.meterFails {
			l.cfg.Logger.LogAttrs(ctx, slog.LevelInfo, "members are measured again", l.attrs()...)
		}
	}
	l.meterFails = err != nil
}

// markMeasured sets how busy members are, as far as that is known, and returns
// of how many it is.
func (l *Loop) markMeasured(members []observedMember) (count int) {
	if l.cfg.Meter == nil {
		return 0
	}
	for i := range members {
		if busy, ok := l.busy[members[i].Address.Unmap()]; ok && busy >= 0 { // NaN is not
			members[i].Busy, members[i].Measured = busy, true
			count++
		}
	}
	l.metrics.measured.WithLabelValues().Set(float64(count))
	return count
}

// byLoad compares two members of the same condition, if the order is about how
// busy those are that serve. One that is not measured may have most to do, so that
// it goes last.
func (order EvictionOrder) byLoad(a, b observedMember) int {
	if order != LeastBusyFirst || a.Condition != serving {
		return 0
	}
	silent := map[bool]int{false: 1} // by whether it is measured
	return cmp.Or(cmp.Compare(silent[a.Measured], silent[b.Measured]), cmp.Compare(a.Busy, b.Busy))
}

// reason returns why a member that serves is chosen. Without a measurement, its
// age decides.
func (order EvictionOrder) reason(m observedMember) string {
	if order == LeastBusyFirst && !m.Measured {
		return string(NewestFirst)
	}
	return string(order)
}
