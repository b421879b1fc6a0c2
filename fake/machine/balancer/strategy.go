package balancer

import (
	"hash/maphash"
	"net/netip"
	"slices"
	"sync/atomic"
)

// A chooser puts the targets for a connection in the order in which they are
// to be tried.
type chooser struct {
	turn atomic.Uint64
	seed maphash.Seed
}

func newChooser() *chooser { return &chooser{seed: maphash.MakeSeed()} }

// order returns the healthy targets, the chosen one first.
func (c *chooser) order(strategy string, client netip.Addr, healthy []*target) []*target {
	if len(healthy) < 2 {
		return healthy
	}
	switch strategy {
	case "source-hash", "maglev-hash":
		return c.bySource(client, healthy)
	default:
		first := int((c.turn.Add(1) - 1) % uint64(len(healthy))) //nolint:gosec // G115: below len(healthy)
		return append(slices.Clone(healthy[first:]), healthy[:first]...)
	}
}

// bySource ranks the targets by a hash of client and target together, so that
// the loss of one target moves only the clients it had.
func (c *chooser) bySource(client netip.Addr, healthy []*target) []*target {
	type pair struct {
		client  netip.Addr
		machine string
	}
	rank := func(t *target) uint64 { return maphash.Comparable(c.seed, pair{client, t.machine}) }
	list := slices.Clone(healthy)
	slices.SortFunc(list, func(a, b *target) int {
		if rank(a) > rank(b) {
			return -1
		}
		return 1
	})
	return list
}
