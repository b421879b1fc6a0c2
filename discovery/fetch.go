package discovery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
)

// A snapshot is everything that one refresh read from the provider.
type snapshot struct {
	pools    []poolSnapshot // in the order of the configuration
	backends []Backend      // with labels only
}

// A poolSnapshot is what the provider says about one pool.
type poolSnapshot struct {
	members   []member         // listed, each once, in the order of their keys
	refused   []refusedAddress // one of each member that has any
	pool      *Pool            // nil: not read
	duplicate bool             // another name of a pool that comes earlier
	err       error
}

// Errors of the provider's adapter name the call and its subject already.

// fetch reads everything that a refresh needs from the provider: one list of all
// members, and more only for labels, for pools that seem to lose members, and at
// the start. The error of a single pool is in its snapshot.
func (a *Agent) fetch(ctx context.Context) (snapshot, error) {
	seen := snapshot{pools: make([]poolSnapshot, len(a.pools))}
	var ids []string
	for i, s := range a.pools {
		if seen.pools[i].err = a.resolve(ctx, s); seen.pools[i].err == nil {
			ids = append(ids, s.id)
		}
	}
	if len(ids) == 0 {
		return seen, nil
	}
	slices.Sort(ids)
	listed, err := a.cfg.Lister.Instances(ctx, slices.Compact(ids))
	if err != nil {
		return snapshot{}, withReason(reasonList, err)
	}
	byPool := make(map[string][]member, len(ids))
	refused := make(map[string][]refusedAddress)
	for i := range listed {
		m, bad := a.cfg.newMember(&listed[i])
		byPool[m.PoolID] = append(byPool[m.PoolID], m)
		if bad != nil {
			refused[m.PoolID] = append(refused[m.PoolID], *bad)
		}
	}
	known := make(map[string]bool, len(a.pools))
	for i, s := range a.pools {
		switch {
		case seen.pools[i].err != nil:
		case known[s.id]:
			seen.pools[i].duplicate = true
		default:
			known[s.id] = true
			seen.pools[i] = a.readPool(ctx, s, poolSnapshot{members: sortedUnique(byPool[s.id]), refused: refused[s.id]})
		}
	}
	if a.cfg.Labels && a.cfg.Backends != nil {
		if seen.backends, err = a.cfg.Backends.Backends(ctx); err != nil {
			return snapshot{}, withReason(reasonBackends, err)
		}
	}
	return seen, nil
}

// resolve looks up the name of a pool whose id is not known yet.
func (a *Agent) resolve(ctx context.Context, s *poolState) error {
	switch {
	case s.id != "":
	case a.cfg.Resolver == nil:
		s.id = s.name
	default:
		id, err := a.cfg.Resolver.ResolvePool(ctx, s.name)
		if err != nil {
			return withReason(reasonPool, err)
		}
		s.id = id
	}
	return nil
}

// readPool completes the snapshot of one pool if the list is not enough. Members
// may be missing because they are gone, because the pool is, or because the list
// is wrong: the pool itself says which.
func (a *Agent) readPool(ctx context.Context, s *poolState, seen poolSnapshot) poolSnapshot {
	if !a.cfg.Labels && !s.needsPool(seen.members) {
		return seen
	}
	pool, err := a.cfg.Lister.Pool(ctx, s.id)
	switch {
	case err != nil:
		if errors.Is(err, ErrPoolNotFound) {
			s.id = "" // a pool of the same name may have taken its place
		}
		seen.err = withReason(reasonPool, err)
	case len(seen.members) == 0 && pool.Size > 0:
		seen.err = withReason(reasonInconsistent,
			fmt.Errorf("pool %s has size %d, but no member is listed", s.name, pool.Size))
	default:
		seen.pool = &pool
	}
	return seen
}

// sortedUnique returns the members in the order of their keys, each of them
// once.
func sortedUnique(members []member) []member {
	slices.SortFunc(members, func(a, b member) int {
		return cmp.Or(cmp.Compare(a.key(), b.key()), b.addr.Compare(a.addr), cmp.Compare(a.State, b.State))
	})
	return slices.CompactFunc(members, func(a, b member) bool { return a.key() == b.key() })
}
