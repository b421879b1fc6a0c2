package world

import (
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/internal/clock"
)

// A World is the state of the cloud and what will change it. Everything in it
// is guarded by one lock, which [World.Do] takes; time stands still meanwhile.
// Methods not said to take it need it held.
type World struct {
	IDs *IDs

	mu       sync.Mutex
	clock    clock.Clock
	began    time.Time // by the clock
	now      time.Time
	ahead    time.Duration // of the clock, since a state of a later time was loaded
	schedule schedule
	wake     chan struct{} // something became due sooner
	closed   bool

	faults     Faults
	operations Store[Operation]
	resources  []Resource
	limits     map[string]int // of quotas, by name
	meter      meter
	pace       pace
}

// Faults are asked whether something goes wrong with a call.
type Faults interface {
	// OperationFails returns why an accepted change fails; nil if it does not.
	OperationFails(operationID string) error
	// OperationStuck reports whether an operation stays pending, and for how
	// long after it should have ended; zero is for ever.
	OperationStuck(operationID string) (d time.Duration, stuck bool)
	// QuotaReached reports whether quotas are used up.
	QuotaReached(operationID string) bool
}

// New makes an empty world. Seed makes its ids repeatable; zero means random
// ones.
func New(c clock.Clock, faults Faults, seed uint64) *World {
	began := c.Now()
	return &World{
		IDs:    newIDs(seed),
		clock:  c,
		began:  began,
		now:    began,
		wake:   make(chan struct{}, 1),
		faults: faults,
		limits: map[string]int{},
		meter:  meter{map[string][]Use{}, map[string]*metered{}},
		pace:   pace{factor: 1, since: began},
	}
}

// clockTime returns the time of the clock, undisturbed when that of the host
// is set: what is written down of it has to be in the order in which it happened.
func (w *World) clockTime() time.Time { return w.began.Add(w.clock.Now().Sub(w.began) + w.ahead) }

// Do takes the lock and runs f on the state of this moment.
func (w *World) Do(f func() error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return &wire.Error{Status: http.StatusServiceUnavailable, Message: "the cloud was closed"}
	}
	w.advance(w.clockTime())
	defer w.sync()
	return f()
}

// advance does, in order, what fell due until now.
func (w *World) advance(now time.Time) {
	for {
		due, ok := w.schedule.next()
		if !ok || due.After(now) {
			break
		}
		if due.After(w.now) {
			// What happened at one moment reaches drivers together.
			w.sync()
			w.now = due
		}
		w.schedule.pop().run()
	}
	w.sync()
	if now.After(w.now) {
		w.now = now
	}
}

func (w *World) sync() {
	for i := range w.resources {
		if f := w.resources[i].Sync; f != nil {
			f()
		}
	}
}

// Advance takes the lock, does what fell due and returns how long nothing will
// be due then; ok is false when nothing is planned at all.
func (w *World) Advance() (d time.Duration, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return 0, false
	}
	w.advance(w.clockTime())
	due, ok := w.schedule.next()
	return max(0, due.Sub(w.now)), ok
}

// Wake delivers when something became due sooner than [World.Advance] said. It
// needs no lock.
func (w *World) Wake() <-chan struct{} { return w.wake }

// Close takes the lock and removes everything that runs, what depends on
// others first. Later calls of [World.Do] are refused.
func (w *World) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return
	}
	w.closed = true
	if now := w.clockTime(); now.After(w.now) {
		w.now = now
	}
	w.remove()
}

// remove removes everything that runs, what depends on others first.
func (w *World) remove() {
	for _, r := range slices.Backward(w.resources) {
		if r.Close != nil {
			r.Close()
		}
	}
}

// Reset removes everything that runs and empties the world, down to the kinds of
// resources, at the given time, which may be in the past.
func (w *World) Reset(seed uint64, at time.Time) {
	w.remove()
	w.IDs = newIDs(seed)
	w.now, w.ahead = at, 0
	w.ahead = max(0, at.Sub(w.clockTime()))
	w.schedule, w.operations, w.resources = schedule{}, Store[Operation]{}, nil
	w.limits = map[string]int{}
	w.meter = meter{map[string][]Use{}, map[string]*metered{}}
	w.pace = pace{factor: 1, since: at}
}

// At lets time pass until a moment and then runs f, as if that had been called by
// [World.Do] at that moment. If the clock is behind, time goes on from there all
// the same.
func (w *World) At(moment time.Time, f func() error) error {
	w.advance(moment)
	w.ahead += max(0, w.now.Sub(w.clockTime()))
	defer w.sync()
	return f()
}

// Now returns the time of the world, which stands still while the lock is held.
func (w *World) Now() time.Time { return w.now }

// Timestamp returns the time in the API's format.
func (w *World) Timestamp() string { return w.now.UTC().Format(time.RFC3339) }
