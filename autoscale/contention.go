package autoscale

import (
	"context"
	"log/slog"
	"slices"
)

// When a turn reads another size than the turn before has left, something else
// has set it. That alone harms nobody: it is an operator, a deployment or a
// test. If this program resizes the pool and something else changes it again,
// and again, it is a second autoscaler, or an operator who keeps correcting
// this one. Both would fight over the pool, so this one stops resizing it.
const (
	// contentionChanges foreign changes within contentionWindow turns, with a
	// resize of this program between each two, make a contention.
	contentionChanges = 3
	contentionWindow  = 9
	// contentionQuiet turns without a foreign change end it.
	contentionQuiet = 10
)

// contention detects that something else scales the pool. It counts turns, not
// time, so that a clock that jumps does not matter. It does not survive a
// restart, and need not: a few more turns find out again.
//
// It does not detect a second autoscaler that reads the pool at the same
// moment and sets the same size, which does no harm, nor one that acts less
// often than three times in the window.
type contention struct {
	expected int   // size that the pool was left with
	known    bool  // expected is valid
	own      int   // size that this program has set
	ownTurn  int   // turn in which it did so
	turns    int   // counted by observe
	changes  []int // turns that found a foreign change, one for each resized
	resized  bool  // this program has resized the pool since the last of them
	lastTurn int   // last turn of the contention
}

// observe takes the size that a turn has read, and reports whether it is a
// foreign change.
func (c *contention) observe(size int) bool {
	c.turns++
	foreign := c.isForeign(size)
	if foreign {
		c.addChange()
	}
	c.expect(size)
	return foreign
}

// isForeign reports whether something else has set the size. A size that this
// program has set lately is its own: an API that shows it a turn late must not
// look like two foreign changes.
func (c *contention) isForeign(size int) bool {
	late := c.ownTurn > 0 && size == c.own && c.turns <= c.ownTurn+contentionWindow
	return c.known && size != c.expected && !late
}

// addChange counts a foreign change in this turn. Foreign changes without a
// resize of this program between them are one: that of the latest turn.
func (c *contention) addChange() {
	if last := len(c.changes) - 1; last >= 0 && !c.resized {
		c.changes = c.changes[:last]
	}
	c.changes = append(c.changes, c.turns)
	c.resized = false
	c.changes = slices.DeleteFunc(c.changes, func(turn int) bool { return turn <= c.turns-contentionWindow })
	if len(c.changes) >= contentionChanges || c.active() {
		c.lastTurn = c.turns + contentionQuiet
	}
}

// active reports whether this turn must not resize the pool.
func (c *contention) active() bool { return c.lastTurn > 0 && c.turns <= c.lastTurn }

// reset forgets all foreign changes, but not the size.
func (c *contention) reset() { c.changes, c.resized, c.lastTurn = nil, false, 0 }

// recordResize takes the size that this program has set.
func (c *contention) recordResize(size int) {
	c.own, c.ownTurn, c.resized = size, c.turns, true
	c.expect(size)
}

// expect takes the size that the pool has now.
func (c *contention) expect(size int) { c.expected, c.known = size, true }

// forgetSize keeps the next size from being a foreign change.
func (c *contention) forgetSize() { c.known = false }

// checkContention looks for changes of the size that this program has not made.
func (l *Loop) checkContention(ctx context.Context, d *Decision) {
	before := l.contention.active()
	if l.resumed.Swap(false) {
		l.contention.reset()
		l.roster.forgive()
		d.FuseBlown = false
		l.demand.goOn()
		l.recordRolling(ctx, d)
	}
	d.ForeignChange = l.contention.observe(d.Size)
	if l.demand.resizing() {
		l.contention.forgetSize() // a resize of our own may still change it
	}
	if d.ForeignChange {
		l.metrics.foreignChanges.Inc()
	}
	l.logContention(ctx, before)
}

// logContention logs the beginning and the end of a contention.
func (l *Loop) logContention(ctx context.Context, before bool) {
	now := l.contention.active() && !l.cfg.DryRun
	l.metrics.contended.Set(map[bool]float64{true: 1}[now])
	switch {
	case l.cfg.DryRun || now == before:
	case now:
		l.cfg.Logger.LogAttrs(ctx, slog.LevelWarn,
			"something else resizes the pool, too: not resizing it until that stops", l.attrs()...)
	default:
		l.cfg.Logger.LogAttrs(ctx, slog.LevelInfo, "nothing else resizes the pool any more", l.attrs()...)
	}
}

// recordForeignChange counts a change of the size in the middle of a turn.
func (l *Loop) recordForeignChange(ctx context.Context, d *Decision) {
	before := l.contention.active()
	d.ForeignChange = true
	l.metrics.foreignChanges.Inc()
	l.contention.addChange()
	l.contention.expect(d.Size)
	l.logContention(ctx, before)
}
