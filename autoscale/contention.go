package autoscale

import (
	"context"
	"log/slog"
)

// When the size that a turn finds is not the one that the turn before has left,
// somebody else has set it. Once, that is an operator or a deployment. Several
// times in the rhythm of the turns it is a second autoscaler, or an operator
// who does not get what she wants: either way two would pull at one pool, and
// this one lets go.
const (
	// contentionChanges foreign changes within contentionWindow turns make a
	// contention.
	contentionChanges = 2
	contentionWindow  = 5
	// contentionQuiet turns without a foreign change end it.
	contentionQuiet = 10
)

// contention notices that somebody else scales the pool. It counts turns, not
// time, so that a clock that jumps means nothing to it. What it knows does not
// survive a restart, and need not: it takes two more turns to learn it again.
//
// It does not notice a second autoscaler that reads the pool at the same
// moment and sets the same size, which does no harm, nor one that acts less
// often than twice in the window.
type contention struct {
	size    int
	known   bool  // size is what the pool was left with
	own     int   // size that this program has set
	ownTurn int   // when
	turns   int   // counted by observe
	changes []int // turns that found a foreign change, within the window
	held    int   // last turn of the contention
}

// observe takes the size that a turn has read, and reports whether it is a
// foreign change.
func (c *contention) observe(size int) bool {
	c.turns++
	foreign := c.differs(size)
	if foreign {
		c.note()
	}
	c.leave(size)
	return foreign
}

// differs reports whether somebody else has set the size. What this program has
// set lately is nobody else's: an API that shows it a turn late must not look
// like two foreign changes.
func (c *contention) differs(size int) bool {
	late := c.ownTurn > 0 && size == c.own && c.turns <= c.ownTurn+contentionWindow
	return c.known && size != c.size && !late
}

// note counts a foreign change in this turn.
func (c *contention) note() {
	recent := c.changes[:0]
	for _, turn := range c.changes {
		if turn > c.turns-contentionWindow && turn != c.turns {
			recent = append(recent, turn)
		}
	}
	c.changes = append(recent, c.turns)
	if len(c.changes) >= contentionChanges || c.active() {
		c.held = c.turns + contentionQuiet
	}
}

// active reports whether this turn has to let go of the pool.
func (c *contention) active() bool { return c.held > 0 && c.turns <= c.held }

// end forgets what others have done so far, not what the size is.
func (c *contention) end() { c.changes, c.held = nil, 0 }

// resized notes the size that this program has set.
func (c *contention) resized(size int) {
	c.own, c.ownTurn = size, c.turns
	c.leave(size)
}

// leave notes the size that the pool has now.
func (c *contention) leave(size int) { c.size, c.known = size, true }

// forget notes that nobody knows what the size is now.
func (c *contention) forget() { c.known = false }

// observe looks for changes of the size that this program has not made.
func (l *Loop) observe(ctx context.Context, d *Decision) {
	before := l.contention.active()
	if l.resumed.Swap(false) {
		l.contention.end()
	}
	d.ForeignChange = l.contention.observe(d.Size)
	if l.demand.resizing() {
		l.contention.forget() // a resize of our own may still change it
	}
	if d.ForeignChange {
		l.metrics.foreignChanges.Inc()
	}
	l.tellContention(ctx, before)
}

// tellContention logs the beginning and the end of a contention.
func (l *Loop) tellContention(ctx context.Context, before bool) {
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

// overtaken notes that somebody else has set the size in the middle of a turn.
func (l *Loop) overtaken(ctx context.Context, d *Decision) {
	before := l.contention.active()
	d.ForeignChange = true
	l.metrics.foreignChanges.Inc()
	l.contention.note()
	l.contention.leave(d.Size)
	l.tellContention(ctx, before)
}
