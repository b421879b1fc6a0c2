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
)

// A Victim is a member that a turn has chosen to evict.
type Victim struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Why  string `json:"why"` // failed, unhealthy, outdated, newest or oldest
	// Connections to its application that are still open, while it drains.
	Connections int `json:"connections,omitempty"`
}

// outdated is why a member that serves is chosen before others that do.
const outdated = "outdated"

// scaleIn lets a pool shrink only when it is known what goes: all members have
// arrived, their health is known, and some may go. It names them, worst first. A
// member that serves, or drains, goes only if none is left that does not, so that
// the capacity never falls below the target.
type scaleIn struct {
	policy policy
	order  EvictionOrder
}

func (s scaleIn) decide(o observation) target {
	if o.Up && slices.ContainsFunc(o.Members, func(m observedMember) bool { return m.Condition == draining && !m.idle() }) {
		return target{Size: o.Size, Reason: ReasonTakenBack} // sooner than a new one
	}
	want := s.policy.decide(o)
	if want.Size >= o.Size || len(want.Victims) > 0 {
		return want
	}
	surplus, missing := o.Size-want.Size, countMissing(o.Size, o.Members)
	switch {
	case slices.ContainsFunc(o.Members, func(m observedMember) bool { return m.Condition == starting }), missing > 0 && o.AwaitsMissing:
		return target{Size: o.Size, Reason: ReasonMemberStarting}
	case o.HealthUnknown:
		return target{Size: o.Size, Reason: ReasonHealthUnknown}
	case missing > 0: // the provider gives up on members that do not exist
		want.Size = o.Size - min(surplus, missing)
		return want
	}
	if slices.ContainsFunc(o.Members, func(m observedMember) bool { return m.Condition == draining && m.Protected }) {
		return target{Size: o.Size, Reason: ReasonProtected} // it comes back before another goes
	}
	want.Victims = s.choose(o.Members, surplus)
	if len(want.Victims) == 0 {
		return target{Size: o.Size, Reason: ReasonProtected}
	}
	want.Size = o.Size - len(want.Victims)
	return want
}

// choose returns at most n members, worst first.
func (s scaleIn) choose(members []observedMember, n int) []Victim {
	var idle, capacity []observedMember
	for _, m := range members {
		switch {
		case m.idle():
			idle = append(idle, m)
		case m.Condition == draining, m.Condition == serving: // one that drains could be taken back
			capacity = append(capacity, m)
		}
	}
	slices.SortFunc(idle, s.worstFirst)
	slices.SortFunc(capacity, s.worstFirst)
	victims := s.name(idle, n)
	if len(victims) == len(idle) {
		victims = append(victims, s.name(capacity, n-len(victims))...)
	}
	return victims
}

// worstFirst compares two members by how willingly they are evicted. Of those that
// are alike, one that drains goes first: to begin with another each turn would end
// no drain.
func (s scaleIn) worstFirst(a, b observedMember) int {
	rank := map[condition]int{failed: 0, draining: 1, unhealthy: 2, serving: 3}
	current := map[bool]int{false: 1} // by whether it is outdated
	age := a.Since.Compare(b.Since)
	if s.order == NewestFirst {
		age = -age
	}
	return cmp.Or(
		cmp.Compare(rank[a.Condition], rank[b.Condition]), cmp.Compare(current[a.Outdated], current[b.Outdated]),
		age, cmp.Compare(a.ID, b.ID))
}

// name returns the first n members that are not protected.
func (s scaleIn) name(members []observedMember, n int) []Victim {
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
			why = string(s.order)
		case m.Condition == draining:
			why = m.Why
		}
		victims = append(victims, Victim{ID: m.ID, Name: m.Name, Why: why})
	}
	return victims
}
