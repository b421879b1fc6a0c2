package world

import (
	"container/heap"
	"time"
)

// A schedule holds what is due later, soonest first; what is due at the same
// moment keeps the order in which it was added.
type schedule struct {
	events eventHeap
	added  uint64
}

type event struct {
	due time.Time
	seq uint64
	run func()
	// unpaced is due then, whatever becomes of the pace.
	unpaced bool
}

func (s *schedule) add(due time.Time, run func(), unpaced bool) {
	s.added++
	heap.Push(&s.events, event{due, s.added, run, unpaced})
}

// next returns when the soonest event is due.
func (s *schedule) next() (due time.Time, ok bool) {
	if len(s.events) == 0 {
		return time.Time{}, false
	}
	return s.events[0].due, true
}

func (s *schedule) pop() event {
	e, _ := heap.Pop(&s.events).(event)
	return e
}

type eventHeap []event

func (h eventHeap) Len() int { return len(h) }

func (h eventHeap) Less(i, j int) bool {
	if !h[i].due.Equal(h[j].due) {
		return h[i].due.Before(h[j].due)
	}
	return h[i].seq < h[j].seq
}

func (h eventHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

func (h *eventHeap) Push(x any) {
	if e, ok := x.(event); ok {
		*h = append(*h, e)
	}
}

func (h *eventHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = event{}
	*h = old[:len(old)-1]
	return last
}
