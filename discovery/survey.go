package discovery

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// A sighting is all that one refresh learned.
type sighting struct {
	pools    []poolSighting // in the order of the configuration
	backends []Backend      // with labels only
}

// A poolSighting is one pool and its members, in the order of their ids.
type poolSighting struct {
	name    string // as the configuration names it
	id      string
	pool    Pool // with labels only
	members []*Instance
}

// Errors of the provider's adapter name the action and its subject already.

// survey asks the provider for everything that a refresh needs: one list of
// members whatever their number, and more only for empty pools and labels.
func (a *Agent) survey(ctx context.Context) (sighting, error) {
	ids, err := a.poolIDs(ctx)
	if err != nil {
		return sighting{}, err
	}
	listed, err := a.conf.Lister.Instances(ctx, slices.Sorted(maps.Keys(ids)))
	if err != nil {
		return sighting{}, fail(reasonList, err)
	}
	byPool := make(map[string][]*Instance, len(ids))
	for i := range listed {
		byPool[listed[i].PoolID] = append(byPool[listed[i].PoolID], &listed[i])
	}
	var seen sighting
	for _, name := range a.conf.Pools {
		id := a.ids[name]
		if ids[id] != name {
			continue // the same pool, named twice
		}
		pool, err := a.lookAt(ctx, name, id, byPool[id])
		if err != nil {
			return sighting{}, err
		}
		seen.pools = append(seen.pools, pool)
	}
	if a.conf.Labels && a.conf.Backends != nil {
		seen.backends, err = a.conf.Backends.Backends(ctx)
		if err != nil {
			return sighting{}, fail(reasonBackends, err)
		}
	}
	return seen, nil
}

// lookAt completes what the list said of one pool. That a pool has no members
// may mean that it is gone, or that the list was wrong: one look at the pool
// itself decides.
func (a *Agent) lookAt(ctx context.Context, name, id string, members []*Instance) (poolSighting, error) {
	slices.SortFunc(members, byID)
	seen := poolSighting{name: name, id: id, members: members}
	if len(members) > 0 && !a.conf.Labels {
		return seen, nil
	}
	pool, err := a.conf.Lister.Pool(ctx, id)
	if err != nil {
		// A pool of the same name may have taken its place.
		delete(a.ids, name)
		return poolSighting{}, fail(reasonPool, err)
	}
	if len(members) == 0 && pool.Size > 0 {
		return poolSighting{}, fail(reasonInconsistent,
			fmt.Errorf("pool %s has size %d, but no member is listed", name, pool.Size))
	}
	seen.pool = pool
	return seen, nil
}

// poolIDs returns the ids of all pools, and for each the first name that
// means it. Names are looked up once, not in every refresh.
func (a *Agent) poolIDs(ctx context.Context) (map[string]string, error) {
	names := make(map[string]string, len(a.conf.Pools))
	for _, name := range a.conf.Pools {
		id, known := a.ids[name]
		if !known {
			id = name
			if a.conf.Resolver != nil {
				var err error
				if id, err = a.conf.Resolver.ResolvePool(ctx, name); err != nil {
					return nil, fail(reasonPool, err)
				}
			}
			a.ids[name] = id
		}
		if _, twice := names[id]; !twice {
			names[id] = name
		}
	}
	return names, nil
}
