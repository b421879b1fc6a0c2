package autoscale

import (
	"cmp"
	"slices"
)

// An EvictionOrder says which of several members that serve is evicted first.
type EvictionOrder string

// The orders of eviction. Newest first is what Kubernetes' ReplicaSet does: the
// members that have served longest are the ones that are known to work.
const (
	NewestFirst EvictionOrder = "newest"
	OldestFirst EvictionOrder = "oldest"
	// LeastBusyFirst needs a [Meter]. Members that it does not measure come after
	// those that it does, newest first.
	LeastBusyFirst EvictionOrder = "least-busy"
)

// A Victim is a member that a turn has chosen to evict.
type Victim struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Why  string `json:"why"` // failed, unhealthy, unknown, outdated, newest, oldest or least-busy
	// Connections to its application that are still open, while it drains.
	Connections int `json:"connections,omitempty"`
}

// outdated is why a member that serves is chosen before others that do.
const outdated = "outdated"

// choose returns at most n members, worst first.
func (order EvictionOrder) choose(members []observedMember, n int) []Victim {
	var idle, capacity []observedMember
	for _, m := range members {
		switch {
		case m.idle():
			idle = append(idle, m)
		case m.Condition == draining, m.Condition == serving: // one that drains could be taken back
			capacity = append(capacity, m)
		}
	}
	slices.SortFunc(idle, order.worstFirst)
	slices.SortFunc(capacity, order.worstFirst)
	victims := order.take(idle, n)
	if len(victims) == len(idle) {
		victims = append(victims, order.take(capacity, n-len(victims))...)
	}
	return victims
}

// worstFirst compares two members by how willingly they are evicted. Of those that
// are alike, one that drains goes first: to begin with another each turn would end
// no drain.
func (order EvictionOrder) worstFirst(a, b observedMember) int {
	rank := map[condition]int{failed: 0, draining: 1, unhealthy: 2, unknown: 3, serving: 4}
	current := map[bool]int{false: 1} // by whether it is outdated
	age := a.Since.Compare(b.Since)
	if order != OldestFirst {
		age = -age
	}
	return cmp.Or(
		cmp.Compare(rank[a.Condition], rank[b.Condition]), cmp.Compare(current[a.Outdated], current[b.Outdated]),
		order.byLoad(a, b), age, cmp.Compare(a.ID, b.ID))
}

// take returns the first n members that are not protected.
func (order EvictionOrder) take(members []observedMember, n int) []Victim {
	var victims []Victim
	for _, m := range members {
		if m.Protected || len(victims) == n {
			continue
		}
		why := string(m.Condition)
		switch {
		case m.Condition == serving && m.Outdated:
			why = outdated
		case m.Condition == serving:
			why = order.reason(m)
		case m.Condition == draining:
			why = m.Why
		}
		victims = append(victims, Victim{ID: m.ID, Name: m.Name, Why: why})
	}
	return victims
}

// sameMembers reports whether the same members go, in the same order.
func sameMembers(a, b []Victim) bool {
	return slices.EqualFunc(a, b, func(a, b Victim) bool { return a.ID == b.ID })
}
