package autoscale

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// A Schedule sets bounds of the size by the time. It has the same answer for the
// same arguments.
type Schedule interface {
	// At returns the bounds at t, and the names of the entries that set them. A
	// bound of 0 is none. A floor is in force already the time ahead before it is
	// to be reached.
	At(t time.Time, ahead time.Duration) (floor, ceiling int, active []string)
}

// Bounds are the bounds of the size that are in force in a turn, within the
// configured ones, and the entries of the schedule that set them.
type Bounds struct {
	Min     int      `json:"min"`
	Max     int      `json:"max"`
	Entries []string `json:"entries,omitempty"`
}

// within returns the bounds that a schedule asks for, as far as the configured
// ones permit. The floor comes before the ceiling: too many members cost money, too
// few cost users.
func within(minimum, maximum, floor, ceiling int) Bounds {
	b := Bounds{Min: min(max(floor, minimum), maximum), Max: maximum}
	if ceiling > 0 {
		b.Max = max(min(ceiling, maximum), b.Min)
	}
	return b
}

// recordBounds takes the bounds that are in force, and logs it when other entries of
// the schedule set them.
func (l *Loop) recordBounds(ctx context.Context, d *Decision) {
	if l.cfg.Schedule == nil {
		return
	}
	ahead := l.lookAhead()
	l.starts.setAhead(ahead)
	floor, ceiling, active := l.cfg.Schedule.At(l.readAt, ahead)
	entries := l.bounds.Entries
	l.bounds = within(l.cfg.Min, l.cfg.Max, floor, ceiling)
	l.bounds.Entries = active
	bounds := l.bounds
	d.Bounds = &bounds
	if !slices.Equal(entries, active) {
		l.cfg.Logger.LogAttrs(ctx, slog.LevelInfo, "other entries of the schedule are in force",
			l.attrs(slog.String("entries", strings.Join(active, " ")), slog.Int("min", bounds.Min), slog.Int("max", bounds.Max))...)
	}
}

// lookAhead returns how long before its time a floor is in force: as long as new
// members take until they serve, and the turns in which the size comes from the
// minimum to the floor, with one to spare. Until a start was seen, new members take
// as long as they may.
func (l *Loop) lookAhead() time.Duration {
	startTime := l.starts.longest()
	if startTime == 0 {
		startTime = l.cfg.StartTimeout
	}
	at := func(ahead time.Duration) int {
		floor, _, _ := l.cfg.Schedule.At(l.readAt, ahead)
		return min(floor, l.cfg.Max)
	}
	turns := func(to int) time.Duration {
		step := l.cfg.turnStep()
		return time.Duration((max(to-l.cfg.Min, 0)+step-1)/step+1) * l.cfg.Interval
	}
	ahead := startTime + turns(at(startTime+turns(l.cfg.Max)))
	// A start that was faster than expected is no reason to give up a floor again
	// that is soon to be reached. Settings may be: an earlier run had others.
	last := min(l.starts.now.Ahead, l.cfg.StartTimeout+turns(l.cfg.Max))
	if last > ahead && at(last) > at(ahead) {
		return last
	}
	return ahead
}
