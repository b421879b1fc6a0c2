package chaos_test

import (
	"sync/atomic"
	"time"

	"github.com/exopool/exopool/autoscale"
)

// A scaler is one autoscaler over all its runs, and the ledger of what it did. The
// world's mu guards it.
type scaler struct {
	world   *world
	name    string
	bounds  bounds
	dry     bool
	run     *run // nil while it cannot start
	disk    *disk
	disks   int
	trap    *trap       // may be nil
	trapped atomic.Bool // by a trap at the disk
	left    map[string][]byte

	webhooks    []webhook
	settlements []settlement
	steps       []step
	counts      map[autoscale.Direction]int // acknowledged and not settled
	inexact     bool                        // a kill or a disk lets counts differ
	badDisk     uint64                      // when its disk was last seen broken
	foreign     uint64                      // when another client last changed the size

	turn   turn
	seen   observations
	paused *pause
}

// A pause was asked for, and the answer was that it is in force.
type pause struct {
	until time.Time // on the wall; zero: until resumed
	kept  bool      // a restart does not end it
}

// observations are what one run has seen in its turns of other clients that
// change the size.
type observations struct {
	seen    uint64 // when the latest turn read the pool
	read    int    // turns that could read the pool
	left    int    // size of the pool after the latest
	known   bool   // left is certain
	own     int    // size that the latest resize of this run has set
	ownTurn int    // when; 0: never
	strange []int  // turns that found another size, the latest before each resize of this run
	resized bool   // this run has resized the pool since the last of them
	over    bool   // it was resumed: the next turn forgetRun all this
	held    int    // it does not resize until after this turn
}

// Three changes by others within contentionWindow turns, with a resize of the run
// between each two, are a contention, which ends after contentionQuiet turns
// without one.
const (
	contentionChanges = 3
	contentionWindow  = 9
	contentionQuiet   = 10
)

// changed records that this turn has found another size than the latest left.
func (t *observations) changed() {
	if last := len(t.strange) - 1; last >= 0 && !t.resized {
		t.strange = t.strange[:last]
	}
	t.strange, t.resized = append(t.strange, t.read), false
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
// itself has set recently is no such change: an API may be late to show it.
func (t *observations) differs(size int) bool {
	late := t.ownTurn > 0 && size == t.own && t.read <= t.ownTurn+contentionWindow
	return t.known && size != t.left && !late
}

// contended reports whether others have changed the size repeatedly.
func (t *observations) contended() bool { return t.held > 0 && t.read <= t.held }

// A trap kills a run at a chosen moment.
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

type settlement struct {
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
	evicts     int // so many members go, whatever the size is by then
	bounds     bounds
	acted      uint64 // when it was carried out; 0: not yet
}

// leads reports whether the write changes a pool from one size to the other.
func (w *write) leads(from, to int) bool {
	if w.evicts > 0 {
		return to == from-w.evicts
	}
	return to == w.size
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

// read records the size of the pool that an answer had.
func (s *scaler) read(size int) {
	if s.turn.claimed == 0 {
		s.turn.claimed = s.world.tick()
		if s.seen.over {
			s.seen.over, s.seen.strange, s.seen.resized, s.seen.held = false, nil, false, 0
		}
		s.seen.read++
		if t := &s.seen; t.differs(size) && !s.expirePause() {
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
		w.violationLocked("%s asks for %d members without having read the pool since the last write or turn", s.name, size)
	}
	switch {
	case s.dry:
		w.violationLocked("%s asks for %d members in a dry run", s.name, size)
	case s.expirePause():
		w.violationLocked("%s asks for %d members while it is paused", s.name, size)
	case s.seen.contended():
		w.violationLocked("%s asks for %d members though others have changed the size in %d of its turns", s.name, size, len(s.seen.strange))
	}
	length := size - t.size
	if length == 0 || length > s.bounds.step || -length > s.bounds.step {
		w.violationLocked("%s asks for %d members of a pool of %d, which is no step of %d", s.name, size, t.size, s.bounds.step)
	}
	if (size < s.bounds.lowest || size > s.bounds.highest) && !asked.corrects() {
		w.violationLocked("%s asks for %d members, out of its bounds %+v, of a pool of %d", s.name, size, s.bounds, t.size)
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
			w.violationLocked("%s resized twice in one turn, from %d to %d and to %d", s.name, earlier.read, earlier.size, asked.size)
		}
	}
	asked.acted = w.tick()
	now := step{when: asked.acted, claimed: asked.claimed, direction: asked.direction(), corrects: asked.corrects()}
	var since uint64
	for _, earlier := range s.steps {
		// The result of a resize whose answer was lost cannot be known once
		// another client has changed the size: it may be repeated then.
		if earlier.direction == now.direction && !earlier.corrects && (earlier.sure || s.foreign < earlier.when) {
			since = earlier.claimed
		}
	}
	wanted := now.corrects
	for _, hook := range s.webhooks {
		wanted = wanted || hook.direction == now.direction && hook.when > since
	}
	if !wanted {
		w.violationLocked("%s resized from %d to %d, which no webhook has asked for", s.name, asked.read, asked.size)
	}
	s.steps = append(s.steps, now)
}

// decided ends a turn.
func (s *scaler) decided(d autoscale.Decision) {
	w := s.world
	if length := d.To - d.From; length > s.bounds.step || -length > s.bounds.step {
		w.violationLocked("%s decides on %d members of %d at once", s.name, d.To, d.From)
	}
	if d.Result == autoscale.Resized {
		last := len(s.turn.writes) - 1
		switch {
		case last < 0 || s.turn.writes[last].size != d.To:
			w.violationLocked("%s says it resized to %d and did not ask for that", s.name, d.To)
		case s.turn.writes[last].acted > 0 && len(s.steps) > 0 && s.disk.state == diskGood:
			s.steps[len(s.steps)-1].sure = true
		}
	}
	s.expirePause()
	left := &s.seen
	if d.ForeignChange && s.foreign <= left.seen {
		w.violationLocked("%s reports a foreign change of the size, and there was none", s.name)
	}
	if s.turn.claimed > 0 {
		left.seen = s.turn.claimed
	}
	switch {
	case s.turn.claimed == 0 || d.State == "": // the turn could not read the pool
	case d.Reason == autoscale.ReasonPaused: // a pause ends a contention, and others may do what they like
		*left = observations{seen: left.seen}
	case d.State != autoscale.StateRunning && !left.known: // its own resize may be under way
	case d.Result == autoscale.Failed && len(s.turn.writes) > 0:
		left.left, left.known = s.turn.size, false
	case d.Result == autoscale.Resized:
		left.left, left.known = d.To, true
		left.own, left.ownTurn, left.resized = d.To, left.read, true
	default:
		left.left, left.known = s.turn.size, true
	}
	if s.turn.claimed > 0 && d.State != "" && s.paused != nil && !s.expirePause() {
		s.paused = nil // over, also if the clock is set back
	}
	w.stats.decisions[string(d.Result)+" "+string(d.Reason)]++
	s.turn = turn{}
}

// settled records what became of webhooks.
func (s *scaler) settled(what autoscale.Settled) {
	if what.Reason == "" || what.Webhooks.Count < 1 {
		s.world.violationLocked("%s settlements %d webhooks with the reason %q", s.name, what.Webhooks.Count, what.Reason)
	}
	s.settlements = append(s.settlements, settlement{when: s.world.tick(), direction: what.Direction})
	s.counts[what.Direction] -= what.Webhooks.Count
	s.world.stats.settled[string(what.Reason)]++
}

// expirePause forgets a pause that is over, so that it stays over when the clock is
// set back. It reports whether a pause is in force.
func (s *scaler) expirePause() bool {
	if p := s.paused; p != nil && !p.until.IsZero() && !s.world.wall.Now().Before(p.until) {
		s.paused = nil
	}
	return s.paused != nil
}

// forgetRun records that a run has ended. Webhooks that were in its memory only,
// since its disk was broken or it was a dry run, are excused.
func (s *scaler) forgetRun() {
	s.inexact = true
	if s.paused != nil && (!s.paused.kept || s.dry) {
		s.paused = nil
	}
	for i := range s.webhooks {
		hook := &s.webhooks[i]
		hook.excused = hook.excused || !s.isSettled(*hook) && (s.dry || s.disk.state != diskGood || s.badDisk > hook.when)
	}
	s.turn, s.seen = turn{}, observations{}
}

func (s *scaler) isSettled(hook webhook) bool {
	for i := len(s.settlements) - 1; i >= 0; i-- {
		if s.settlements[i].when > hook.when && s.settlements[i].direction == hook.direction {
			return true
		}
	}
	return false
}

// close checks at the end that no webhook was lost.
func (s *scaler) close() {
	for _, hook := range s.webhooks {
		if hook.answered && !hook.excused && !s.isSettled(hook) {
			s.world.violationLocked("%s loses the webhook %s (number %d)", s.name, hook.direction, hook.when)
		}
	}
	for _, direction := range []autoscale.Direction{autoscale.Up, autoscale.Down} {
		if left := s.counts[direction]; left != 0 && !s.inexact {
			s.world.violationLocked("%s has answered %d more webhooks %s than it has settled", s.name, left, direction)
		}
	}
}
