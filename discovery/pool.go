package discovery

import (
	"net/netip"
	"slices"
	"strings"
	"time"
)

// maxStale is for how many refreshes in a row a member stays a target although
// the list lacks it and the pool does not confirm that it is gone. With one
// refresh every [heldInterval] that is half a minute.
const maxStale = 3

// A member is one member of a pool and where it is scraped.
type member struct {
	*Instance

	addr   netip.Addr // zero: none
	missed int        // refreshes in a row without it, or without its address
}

// key identifies the member: its id, or its address if it has none.
func (m member) key() string {
	if m.ID == "" {
		return m.addr.String()
	}
	return m.ID
}

// A poolState is what is known about one pool from one refresh to the next.
type poolState struct {
	name string // as the configuration names it
	id   string // empty: to be looked up

	pool    Pool     // as last read
	members []member // published; in the order of their keys
	skipped int      // members without an address
	refused int      // members with an address that must not be a target
	held    int      // targets that the last list lacks
	earlier int      // targets of the file that may be this pool's

	// settled: a list of the provider was accepted since the start. Until then
	// targets of the file may be this pool's.
	settled  bool
	doubtful int // lists in a row that were not accepted, before that

	notFound      notFound
	stale         notice
	refusedNotice notice
}

// needsPool reports whether the list alone is not enough: a member is to be
// removed, or there is nothing yet to compare the list with.
func (s *poolState) needsPool(listed []member) bool {
	if !s.settled || len(listed) == 0 {
		return true
	}
	keys := keysOf(listed)
	return slices.ContainsFunc(s.members, func(m member) bool { return m.addr.IsValid() && !keys[m.key()] })
}

// agrees reports whether a list has at least what the pool says about itself: as
// many members as its size, and each that it lists.
func agrees(listed []member, pool Pool) bool {
	keys, live := make(map[string]bool, len(listed)), 0
	for _, m := range listed {
		keys[m.key()] = true
		if !m.Gone {
			live++
		}
	}
	return live >= pool.Size && !slices.ContainsFunc(pool.Members, func(id string) bool { return !keys[id] })
}

// update takes in a list of members. New members are added at once; missing ones
// are kept until the pool agrees, or for [maxStale] refreshes. It returns how
// many members were removed although the pool did not agree.
func (s *poolState) update(listed []member, agreed bool) (unconfirmed int) {
	before := make(map[string]member, len(s.members))
	for _, m := range s.members {
		before[m.key()] = m
	}
	taken := make(map[netip.Addr]bool, len(listed))
	for _, m := range listed {
		if !m.Gone {
			taken[m.addr] = true
		}
	}
	keys := keysOf(listed)
	next := make([]member, 0, len(listed))
	s.held, s.skipped = 0, 0
	for _, m := range listed {
		if m.Gone {
			continue
		}
		if old := before[m.key()]; !m.addr.IsValid() && old.addr.IsValid() && old.missed < maxStale && !taken[old.addr] {
			m.addr, m.missed = old.addr, old.missed+1
			s.held++
		}
		if !m.addr.IsValid() {
			s.skipped++
		}
		next = append(next, m)
	}
	for _, m := range s.members {
		switch {
		case keys[m.key()], !m.addr.IsValid(), taken[m.addr], agreed:
		case m.missed >= maxStale:
			unconfirmed++
		default:
			m.missed++
			s.held++
			next = append(next, m)
		}
	}
	slices.SortFunc(next, func(a, b member) int { return strings.Compare(a.key(), b.key()) })
	s.members = next
	if agreed || s.doubtful >= maxStale {
		s.settled = true
	}
	if !s.settled {
		s.doubtful++
	}
	return unconfirmed
}

// forget drops everything about a pool that no longer exists.
func (s *poolState) forget() (targets int) {
	targets = s.targets() + s.earlier
	s.members, s.skipped, s.refused, s.held, s.earlier, s.settled = nil, 0, 0, 0, 0, true
	return targets
}

// targets counts the members that have an address.
func (s *poolState) targets() int {
	n := 0
	for _, m := range s.members {
		if m.addr.IsValid() {
			n++
		}
	}
	return n
}

func keysOf(members []member) map[string]bool {
	keys := make(map[string]bool, len(members))
	for _, m := range members {
		keys[m.key()] = true
	}
	return keys
}

// noticeInterval is the shortest time between two logs of one condition that
// comes and goes.
const noticeInterval = 10 * time.Minute

// A notice is logged when a condition begins, and not again while it lasts.
type notice struct {
	active bool
	logged time.Time
}

// begin reports whether to log the condition, which holds now.
func (n *notice) begin(now time.Time) bool {
	if n.active {
		return false
	}
	n.active = true
	if !n.logged.IsZero() && now.Sub(n.logged) < noticeInterval {
		return false
	}
	n.logged = now
	return true
}

// end reports whether the condition had begun; it does not hold now.
func (n *notice) end() bool {
	was := n.active
	n.active = false
	return was
}
