package world

import (
	"container/heap"
	"math"
	"time"
)

// Bounded returns a number of nanoseconds as a duration, or the longest one, 292
// years, if they are more.
func Bounded(nanoseconds float64) time.Duration {
	if nanoseconds >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(nanoseconds)
}

// A pace is how fast things happen, and how much time has passed so far at the
// paces that there were.
type pace struct {
	factor float64 // how many times faster than when the world began
	passed time.Duration
	since  time.Time // until when passed is counted
}

// SetPace makes things happen factor times as fast as when the world began: what
// is planned comes sooner or later, unless it was planned by [World.AfterReal].
func (w *World) SetPace(factor float64) {
	for _, item := range w.meter.items {
		item.count(w.now, w.pace.factor)
	}
	w.pace.passed, w.pace.since = w.Passed(), w.now
	ratio := w.pace.factor / factor
	w.pace.factor = factor
	for i, e := range w.schedule.events {
		if !e.unpaced {
			w.schedule.events[i].due = w.now.Add(Bounded(float64(e.due.Sub(w.now)) * ratio))
		}
	}
	heap.Init(&w.schedule.events)
	w.rouse()
}

// Paced returns how long takes what took d when the world began.
func (w *World) Paced(d time.Duration) time.Duration {
	return Bounded(float64(d) / w.pace.factor)
}

// Passed returns the time since the world began, in which an hour at twice the
// pace counts as two.
func (w *World) Passed() time.Duration {
	return Bounded(float64(w.pace.passed) + float64(w.now.Sub(w.pace.since))*w.pace.factor)
}

// After runs f once the time has passed that was d when the world began; see
// [World.SetPace]. Even with no wait, that is not before the handler of the
// current request has returned.
func (w *World) After(d time.Duration, f func()) { w.plan(w.Paced(d), f, false) }

// AfterReal is [World.After] with a wait that no pace changes.
func (w *World) AfterReal(d time.Duration, f func()) { w.plan(d, f, true) }

func (w *World) plan(d time.Duration, f func(), unpaced bool) {
	due := w.now.Add(d)
	soonest, ok := w.schedule.next()
	w.schedule.add(due, f, unpaced)
	if !ok || due.Before(soonest) {
		w.rouse()
	}
}

// rouse says that something may be due sooner.
func (w *World) rouse() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}
