package discovery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
)

// A snapshot is all that one refresh learned.
type snapshot struct {
	answers  []answer  // one for each pool, in their order
	backends []Backend // with labels only
}

// An answer is what the provider says of one pool.
type answer struct {
	members   []member  // listed, each once, in the order of their ids
	refused   []refused // of members, an address that must not be a target
	pool      *Pool     // nil: not asked
	duplicate bool      // another name of a pool that has its answer already
	err       error
}

// Errors of the provider's adapter name the action and its subject already.

// fetch asks the provider for everything that a refresh needs: one list of
// members whatever their number, and more only for labels, for pools that
// seem to lose members, and at the start. An error that concerns one pool
// alone is in its answer.
func (a *Agent) fetch(ctx context.Context) (snapshot, error) {
	seen := snapshot{answers: make([]answer, len(a.pools))}
	var ids []string
	for i, s := range a.pools {
		if seen.answers[i].err = a.resolve(ctx, s); seen.answers[i].err == nil {
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
	refusals := make(map[string][]refused)
	for i := range listed {
		m, no := a.cfg.admit(&listed[i])
		byPool[m.PoolID] = append(byPool[m.PoolID], m)
		if no != nil {
			refusals[m.PoolID] = append(refusals[m.PoolID], *no)
		}
	}
	asked := make(map[string]bool, len(a.pools))
	for i, s := range a.pools {
		switch {
		case seen.answers[i].err != nil:
		case asked[s.id]:
			seen.answers[i].duplicate = true
		default:
			asked[s.id] = true
			seen.answers[i] = a.ask(ctx, s, answer{members: sortedUnique(byPool[s.id]), refused: refusals[s.id]})
		}
	}
	if a.cfg.Labels && a.cfg.Backends != nil {
		if seen.backends, err = a.cfg.Backends.Backends(ctx); err != nil {
			return snapshot{}, withReason(reasonBackends, err)
		}
	}
	return seen, nil
}

// resolve looks a name up, once and not in every refresh.
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

// ask completes what the list said of one pool. That members are missing may
// mean that they are gone, that the pool is, or that the list is wrong: one
// look at the pool itself decides.
func (a *Agent) ask(ctx context.Context, s *poolState, ans answer) answer {
	if !a.cfg.Labels && !s.needsPool(ans.members) {
		return ans
	}
	pool, err := a.cfg.Lister.Pool(ctx, s.id)
	switch {
	case err != nil:
		if errors.Is(err, ErrPoolNotFound) {
			s.id = "" // a pool of the same name may have taken its place
		}
		ans.err = withReason(reasonPool, err)
	case len(ans.members) == 0 && pool.Size > 0:
		ans.err = withReason(reasonInconsistent,
			fmt.Errorf("pool %s has size %d, but no member is listed", s.name, pool.Size))
	default:
		ans.pool = &pool
	}
	return ans
}

// sortedUnique puts members in the order of their keys, in whatever order they
// were listed, and takes each of them once.
func sortedUnique(members []member) []member {
	slices.SortFunc(members, func(a, b member) int {
		return cmp.Or(cmp.Compare(a.key(), b.key()), b.addr.Compare(a.addr), cmp.Compare(a.State, b.State))
	})
	return slices.CompactFunc(members, func(a, b member) bool { return a.key() == b.key() })
}
