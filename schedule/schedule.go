package schedule

import (
	"time"

	"github.com/robfig/cron/v3"
)

// A Schedule is a list of entries. The zero Schedule sets no bounds.
type Schedule struct{ entries []entry }

type entry struct {
	name           string
	begin          cron.Schedule // by the clocks of the zone
	zone           *time.Location
	duration       time.Duration
	floor, ceiling int // 0: none
}

// Len returns how many entries there are.
func (s Schedule) Len() int { return len(s.entries) }

// At returns the bounds of the size at t, and the names of the entries that set
// them. A bound of 0 is none. A floor is in force already the time ahead before its
// entry begins, 0 or more, so that new members serve by then. Of several floors the largest
// counts, of ceilings the smallest; a ceiling may be below the floor.
func (s Schedule) At(t time.Time, ahead time.Duration) (floor, ceiling int, active []string) {
	for _, e := range s.entries {
		since := t.Add(-e.duration)
		now := e.begins(since, t)
		if now && e.ceiling > 0 && (ceiling == 0 || e.ceiling < ceiling) {
			ceiling = e.ceiling
		}
		soon := e.floor > 0 && (now || e.begins(since, t.Add(max(ahead, 0))))
		if soon {
			floor = max(floor, e.floor)
		}
		if now || soon {
			active = append(active, e.name)
		}
	}
	return floor, ceiling, active
}

// begins reports whether the entry begins after since, and at until or before. It
// goes back from one change of the zone's clocks to the next: in between, they run
// like those of UTC, by which the fields of cron are read.
func (e entry) begins(since, until time.Time) bool {
	for now := until.In(e.zone); ; {
		changed, _ := now.ZoneBounds()
		first := !changed.After(since)
		after := since
		if !first {
			after = changed.Add(-1)
		}
		if e.comes(shown(after, now), shown(now, now)) {
			return true
		}
		if first {
			return false
		}
		before := changed.Add(-1)
		// No times are left out if clocks were set back.
		if e.comes(shown(before, before), shown(before, now)) {
			return true
		}
		now = before
	}
}

// comes reports whether the entry begins after since, and at until or before, by
// clocks.
func (e entry) comes(since, until time.Time) bool {
	next := e.begin.Next(since)
	return !next.IsZero() && !next.After(until)
}

// shown returns what the clocks show at t, as a time of UTC, if they run as at like.
func shown(t, like time.Time) time.Time {
	_, offset := like.Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}
