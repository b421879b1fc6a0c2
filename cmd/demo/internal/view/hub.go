package view

import (
	"context"
	"sync"
)

// maxEvents is how many events the hub remembers.
const maxEvents = 500

// A Hub passes snapshots and events on to any number of readers and keeps a
// bounded history of both for those that subscribe later. Publish and Emit never
// wait for a reader: one that falls behind reads what the history still holds,
// and loses the rest.
type Hub struct {
	mu     sync.Mutex
	latest *Snapshot
	points series[Point]
	events series[Event]
	subs   map[*Subscription]struct{}
	closed chan struct{}
	read   chan struct{} // closed when the last reader of a closed hub has gone
}

// NewHub returns a hub that has nothing to show yet.
func NewHub() *Hub {
	return &Hub{subs: make(map[*Subscription]struct{}), closed: make(chan struct{}), read: make(chan struct{})}
}

// An Update is what a reader has not seen yet.
type Update struct {
	// First means that the update starts from the beginning of what the hub
	// remembers: whatever was received before is replaced.
	First    bool      `json:"first"`
	Window   float64   `json:"window"`   // seconds of history worth showing
	Snapshot *Snapshot `json:"snapshot"` // the newest; nil before the first
	Points   []Point   `json:"points"`
	Events   []Event   `json:"events"`
}

// Publish makes s the newest snapshot. What its pointers point to must not
// change afterwards.
func (h *Hub) Publish(s Snapshot) {
	s.Pool.Members = append([]Member{}, s.Pool.Members...)

	h.mu.Lock()
	defer h.mu.Unlock()
	h.latest = &s
	window := windowOf(s.Speed)
	last := len(h.points.items) - 1
	if last < 0 || s.Seconds-h.points.items[last].Seconds >= window/maxPoints {
		h.points.add(pointOf(s))
	}
	old := 0
	for old < len(h.points.items)-1 && h.points.items[old].Seconds < s.Seconds-window {
		old++
	}
	h.points.drop(max(old, len(h.points.items)-maxPoints))
	h.wakeLocked()
}

// Emit adds an event and numbers it.
func (h *Hub) Emit(e Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	e.ID = h.events.next()
	if e.Severity == "" {
		e.Severity = Info
	}
	h.events.add(e)
	h.events.drop(max(0, len(h.events.items)-maxEvents))
	h.wakeLocked()
}

// Close ends the readers: nothing more will come. What was published
// stays readable; closing twice is harmless.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	select {
	case <-h.closed:
	default:
		close(h.closed)
		h.leaveLocked()
	}
}

// Wait waits until all readers of a closed hub have taken the rest and closed
// their subscriptions, or until ctx ends.
func (h *Hub) Wait(ctx context.Context) {
	select {
	case <-h.read:
	case <-ctx.Done():
	}
}

// leaveLocked notes that a closed hub has no reader any more.
func (h *Hub) leaveLocked() {
	select {
	case <-h.closed:
	default:
		return
	}
	select {
	case <-h.read:
	default:
		if len(h.subs) == 0 {
			close(h.read)
		}
	}
}

// State returns everything that the hub remembers.
func (h *Hub) State() Update {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sinceLocked(0, 0)
}

// Subscribe returns a reader that starts with everything the hub remembers.
// Close it after use.
func (h *Hub) Subscribe() *Subscription {
	s := &Subscription{hub: h, fresh: true, changed: make(chan struct{}, 1)}
	s.changed <- struct{}{}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.subs[s] = struct{}{}
	return s
}

func (h *Hub) sinceLocked(point, event uint64) Update {
	u := Update{
		First:    point == 0 && event == 0,
		Snapshot: h.latest,
		Points:   h.points.since(point),
		Events:   h.events.since(event),
	}
	if h.latest != nil {
		u.Window = windowOf(h.latest.Speed)
	}
	return u
}

// wakeLocked wakes all readers. One that has not yet taken its last token needs
// no second one: it will read everything anyway.
func (h *Hub) wakeLocked() {
	for s := range h.subs {
		select {
		case s.changed <- struct{}{}:
		default:
		}
	}
}

// A Subscription is one reader of a [Hub], for use by one goroutine.
type Subscription struct {
	hub     *Hub
	changed chan struct{}
	fresh   bool // nothing taken yet
	point   uint64
	event   uint64
}

// Changed delivers a token when there is something to [Subscription.Take]; the
// first one at once.
func (s *Subscription) Changed() <-chan struct{} { return s.changed }

// Done is closed when nothing more will come; a last Take gets the rest.
func (s *Subscription) Done() <-chan struct{} { return s.hub.closed }

// Take returns what is new since the last call, at once, also when that is
// nothing.
func (s *Subscription) Take() Update {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	u := s.hub.sinceLocked(s.point, s.event)
	u.First = s.fresh
	s.fresh = false
	s.point, s.event = s.hub.points.next(), s.hub.events.next()
	return u
}

// Close ends the subscription.
func (s *Subscription) Close() {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	delete(s.hub.subs, s)
	s.hub.leaveLocked()
}
