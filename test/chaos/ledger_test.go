package chaos_test

import (
	"sync/atomic"
	"time"

	"github.com/exopool/exopool/autoscale"
)

// A scaler is one autoscaler over all its runs, and the account of what it
// did. The world's mu guards it.
type scaler struct {
	world   *world
	name    string
	bounds  bounds
	dry     bool
	run     *run // nil while it cannot start
	disk    *disk
	disks   int
	trap    *trap       // a kill that waits for its moment
	trapped atomic.Bool // trap waits for the disk
	left    map[string][]byte

	webhooks []webhook
	settles  []settle
	steps    []step
	counts   map[autoscale.Direction]int // acknowledged and not settled
	inexact  bool                        // a kill or a disk lets counts differ
	badDisk  uint64                      // when its disk was last seen broken
	foreign  uint64                      // when somebody else last changed the size

	turn    turn
	turnsOf turnsOf
	paused  *pause
}

// A pause was asked for, and the answer was that it is in force.
type pause struct {
	until time.Time // on the wall; zero: until resumed
	kept  bool      // a restart does not end it
}

// turnsOf is what one run has seen in its turns that tells of others who
// change the size.
type turnsOf struct {
	seen    uint64 // when the latest turn read the pool
	read    int    // turns that could read the pool
	left    int    // size of the pool after the latest
	known   bool   // left is certain
	own     int    // size that the latest resize of this run has set
	ownTurn int    // when; 0: never
	strange []int  // turns that found another size
	over    bool   // it was resumed: the next turn forgets all this
	held    int    // until after this turn it keeps its hands off
}

// Two changes by others within some turns make a contention, which so many turns
// without one end.
const (
	contentionChanges = 2
	contentionWindow  = 5
	contentionQuiet   = 10
)

// changed notes that this turn has found another size than the latest left.
func (t *turnsOf) changed() {
	t.strange = append(t.strange, t.read)
	recent := 0
	for _, turn := range t.strange {
		if turn > t.read-contentionWindow {
			recent++
		}
	}
	if recent >= contentionChanges || t.contended() {
		t.held = t.read + contentionQuiet
	}
}

// differs reports whether others have changed the size. A return to what the run
// itself has set lately is no change of theirs: an API may be late to show it.
func (t *turnsOf) differs(size int) bool {
	late := t.ownTurn > 0 && size == t.own && t.read <= t.ownTurn+contentionWindow
	return t.known && size != t.left && !late
}

// contended reports whether others have changed the size again and again.
func (t *turnsOf) contended() bool { return t.held > 0 && t.read <= t.held }

// A trap kills a run at a certain moment.
type trap struct {
	disk    bool // at a change of the disk; else at an API call
	skip    int  // such moments that pass before
	variant int  // what of the moment has happened already
}

// A webhook was posted; when is its place in the order of all things.
type webhook struct {
	when      uint64
	direction autoscale.Direction
	answered  bool // so that it must not vanish
	excused   bool // it may
}

type settle struct {
	when      uint64
	direction autoscale.Direction
}

// A step is a resize that was carried out.
type step struct {
	when, claimed uint64 // when it was carried out, and when its turn read the pool
	direction     autoscale.Direction
	corrects      bool // towards the bounds, which needs no webhook
	sure          bool // the program knows for certain that it was carried out
}

// A turn is what an autoscaler has done since its last decision.
type turn struct {
	claimed uint64 // when it first read the pool; 0: not yet
	size    int    // what it last read
	fresh   bool   // and no write since
	writes  []*write
}

// A write asks for a size.
type write struct {
	scaler     *scaler
	claimed    uint64
	read, size int
	bounds     bounds
	acted      uint64 // when it was carried out; 0: not yet
}

func (w *write) direction() autoscale.Direction {
	if w.size < w.read {
		return autoscale.Down
	}
	return autoscale.Up
}

// corrects reports whether the write brings a size that is out of bounds nearer.
func (w *write) corrects() bool {
	return w.read < w.bounds.lowest && w.size > w.read || w.read > w.bounds.highest && w.size < w.read
}

// read notes what a good answer said of the pool's size.
func (s *scaler) read(size int) {
	if s.turn.claimed == 0 {
		s.turn.claimed = s.world.tick()
		if s.turnsOf.over {
			s.turnsOf.over, s.turnsOf.strange, s.turnsOf.held = false, nil, 0
		}
		s.turnsOf.read++
		if t := &s.turnsOf; t.differs(size) && !s.isPaused() {
			t.changed()
		}
	}
	s.turn.size, s.turn.fresh = size, true
}

// asks checks a size that is about to be asked for.
func (s *scaler) asks(size int) *write {
	w := s.world
	t := &s.turn
	asked := &write{scaler: s, claimed: t.claimed, read: t.size, size: size, bounds: s.bounds}
	if !t.fresh {
		w.breaksLocked("%s asks for %d members without having read the pool since the last write or turn", s.name, size)
	}
	switch {
	case s.dry:
		w.breaksLocked("%s asks for %d members in a dry run", s.name, size)
	case s.isPaused():
		w.breaksLocked("%s asks for %d members while it is paused", s.name, size)
	case s.turnsOf.contended():
		w.breaksLocked("%s asks for %d members though others have changed the size in %d of its turns", s.name, size, len(s.turnsOf.strange))
	}
	length := size - t.size
	if length == 0 || length > s.bounds.step || -length > s.bounds.step {
		w.breaksLocked("%s asks for %d members of a pool of %d, which is no step of %d", s.name, size, t.size, s.bounds.step)
	}
	if (size < s.bounds.lowest || size > s.bounds.highest) && !asked.corrects() {
		w.breaksLocked("%s asks for %d members, out of its bounds %+v, of a pool of %d", s.name, size, s.bounds, t.size)
	}
	t.fresh = false
	t.writes = append(t.writes, asked)
	return asked
}

// carriedOut checks a resize that was carried out: a webhook asked for it that
// no earlier step can have served, or the size was out of bounds.
func (s *scaler) carriedOut(asked *write) {
	w := s.world
	for _, earlier := range s.turn.writes {
		if earlier != asked && earlier.acted > s.foreign {
			w.breaksLocked("%s resized twice in one turn, from %d to %d and to %d", s.name, earlier.read, earlier.size, asked.size)
		}
	}
	asked.acted = w.tick()
	now := step{when: asked.acted, claimed: asked.claimed, direction: asked.direction(), corrects: asked.corrects()}
	var since uint64
	for _, earlier := range s.steps {
		// What came of a resize whose answer was lost cannot be known once
		// somebody else has changed the size: it may be repeated then.
		if earlier.direction == now.direction && !earlier.corrects && (earlier.sure || s.foreign < earlier.when) {
			since = earlier.claimed
		}
	}
	wanted := now.corrects
	for _, hook := range s.webhooks {
		wanted = wanted || hook.direction == now.direction && hook.when > since
	}
	if !wanted {
		w.breaksLocked("%s resized from %d to %d, which no webhook has asked for", s.name, asked.read, asked.size)
	}
	s.steps = append(s.steps, now)
}

// decided ends a turn.
func (s *scaler) decided(d autoscale.Decision) {
	w := s.world
	if length := d.To - d.From; length > s.bounds.step || -length > s.bounds.step {
		w.breaksLocked("%s decides on %d members of %d at once", s.name, d.To, d.From)
	}
	if d.Result == autoscale.Resized {
		last := len(s.turn.writes) - 1
		switch {
		case last < 0 || s.turn.writes[last].size != d.To:
			w.breaksLocked("%s says it resized to %d and did not ask for that", s.name, d.To)
		case s.turn.writes[last].acted > 0 && len(s.steps) > 0 && s.disk.state == diskGood:
			s.steps[len(s.steps)-1].sure = true
		}
	}
	s.isPaused()
	left := &s.turnsOf
	if d.ForeignChange && s.foreign <= left.seen {
		w.breaksLocked("%s says that somebody else has changed the size, and nobody has", s.name)
	}
	if s.turn.claimed > 0 {
		left.seen = s.turn.claimed
	}
	switch {
	case s.turn.claimed == 0 || d.State == "": // the turn could not read the pool
	case d.Reason == autoscale.ReasonPaused: // a pause ends a contention, and others may do what they like
		*left = turnsOf{seen: left.seen}
	case d.State != autoscale.StateRunning && !left.known: // its own resize may be under way
	case d.Result == autoscale.Failed && len(s.turn.writes) > 0:
		left.left, left.known = s.turn.size, false
	case d.Result == autoscale.Resized:
		left.left, left.known = d.To, true
		left.own, left.ownTurn = d.To, left.read
	default:
		left.left, left.known = s.turn.size, true
	}
	if s.turn.claimed > 0 && d.State != "" && s.paused != nil && !s.isPaused() {
		s.paused = nil // over, whatever the clock will show
	}
	w.stats.decisions[string(d.Result)+" "+string(d.Reason)]++
	s.turn = turn{}
}

// settled notes what became of webhooks.
func (s *scaler) settled(what autoscale.Settled) {
	if what.Reason == "" || what.Webhooks.Count < 1 {
		s.world.breaksLocked("%s settles %d webhooks with the reason %q", s.name, what.Webhooks.Count, what.Reason)
	}
	s.settles = append(s.settles, settle{when: s.world.tick(), direction: what.Direction})
	s.counts[what.Direction] -= what.Webhooks.Count
	s.world.stats.settled[string(what.Reason)]++
}

// isPaused reports whether a pause is in force. One that is over stays so, also
// when the clock is set back.
func (s *scaler) isPaused() bool {
	if p := s.paused; p != nil && !p.until.IsZero() && !s.world.wall.Now().Before(p.until) {
		s.paused = nil
	}
	return s.paused != nil
}

// forgets notes that a run has ended. Webhooks that only its memory knew, since
// its disk was broken, are excused.
func (s *scaler) forgets() {
	s.inexact = true
	if s.paused != nil && !s.paused.kept {
		s.paused = nil
	}
	for i := range s.webhooks {
		hook := &s.webhooks[i]
		hook.excused = hook.excused || !s.isSettled(*hook) && (s.disk.state != diskGood || s.badDisk > hook.when)
	}
	s.turn, s.turnsOf = turn{}, turnsOf{}
}

func (s *scaler) isSettled(hook webhook) bool {
	for i := len(s.settles) - 1; i >= 0; i-- {
		if s.settles[i].when > hook.when && s.settles[i].direction == hook.direction {
			return true
		}
	}
	return false
}

// close checks, after everything has come to rest, that no webhook vanished.
func (s *scaler) close() {
	for _, hook := range s.webhooks {
		if hook.answered && !hook.excused && !s.isSettled(hook) {
			s.world.breaksLocked("%s lets the webhook %s (number %d) vanish", s.name, hook.direction, hook.when)
		}
	}
	for _, direction := range []autoscale.Direction{autoscale.Up, autoscale.Down} {
		if left := s.counts[direction]; left != 0 && !s.inexact {
			s.world.breaksLocked("%s has answered %d more webhooks %s than it has settled", s.name, left, direction)
		}
	}
}
