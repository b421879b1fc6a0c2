package exoapi

import (
	"container/heap"
	"time"
)

// An agenda holds what is due later, soonest first; what is due at the same
// moment keeps the order in which it was added.
type agenda struct {
	events eventHeap
	added  uint64
}

type event struct {
	due time.Time
	seq uint64
	run func()
}

func (a *agenda) add(due time.Time, run func()) {
	a.added++
	heap.Push(&a.events, event{due, a.added, run})
}

// next tells when the soonest event is due.
func (a *agenda) next() (due time.Time, ok bool) {
	if len(a.events) == 0 {
		return time.Time{}, false
	}
	return a.events[0].due, true
}

func (a *agenda) pop() event {
	e, _ := heap.Pop(&a.events).(event)
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
