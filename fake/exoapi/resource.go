package exoapi

import (
	"cmp"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
)

// A resource declares one kind of resource: all that the rest of the emulator
// knows of it. A part of the API that keeps nothing has routes only.
type resource struct {
	world.Resource

	service string // of policies; compute if empty
	routes  []*route
}

// A collection keeps the resources of one kind, in the order of their
// creation, and does for them what all kinds have in common.
type collection[T any] struct {
	world.Store[T]

	world *world.World
	kind  string // in paths, such as "elastic-ip"
	noun  string // in lists and names of operations; kind if empty
	label string // in messages, such as "elastic IP"
	quota *world.Quota
	zone  func(*T) string      // nil: they are the same in all zones
	name  func(*T) string      // unlike what it is found by, it is for people
	view  func(*T) any         // in the API's JSON shape
	uses  func(*T) []world.Use // what is billed; nil: one of the kind, unless that is free
}

// declare returns what follows from being a collection. Each is in the
// inventory by its name and what it is found by.
func (c *collection[T]) declare(routes ...*route) resource {
	var quotas []*world.Quota
	if c.quota != nil {
		c.quota.Usage = c.Len
		quotas = append(quotas, c.quota)
	}
	return resource{
		Resource: world.Resource{
			Kind:   c.kind,
			Noun:   c.called(),
			Quotas: quotas,
			Name: func(id string) (name string, ok bool) {
				if v := c.Get(id); v != nil {
					return c.name(v), true
				}
				return "", false
			},
			Inventory: func(found world.Inventory) {
				for id, v := range c.Entries() {
					found.Add(c.called(), c.name(v), id)
				}
			},
		},
		routes: routes,
	}
}

// called is what lists and operations call one.
func (c *collection[T]) called() string { return cmp.Or(c.noun, c.kind) }

// find returns the one with an id, if it is in the zone.
func (c *collection[T]) find(zone, id string) (*T, error) {
	v := c.Get(id)
	if v == nil || c.zone != nil && c.zone(v) != zone {
		return nil, wire.NotFound(c.label, id)
	}
	return v, nil
}

// named finds the one that the path names.
func (c *collection[T]) named(r *request) (*T, error) { return c.find(r.zone, r.id()) }

// get answers with the one that the path names.
func (c *collection[T]) get(r *request) (any, error) {
	v, err := c.named(r)
	if err != nil {
		return nil, err
	}
	return c.view(v), nil
}

// list answers with those of the zone.
func (c *collection[T]) list(r *request) (any, error) {
	var views []any
	for v := range c.All() {
		if c.zone == nil || c.zone(v) == r.zone {
			views = append(views, c.view(v))
		}
	}
	return wire.List(c.called()+"s", views), nil
}

// exist refuses references to what does not exist in the zone.
func (c *collection[T]) exist(f *wire.Fields, zone string, refs []wire.Ref) {
	for _, ref := range refs {
		if _, err := c.find(zone, ref.ID); err != nil {
			f.Fail(err)
		}
	}
}

// checkQuota refuses n more than the quota allows.
func (c *collection[T]) checkQuota(r *request, n int) error {
	return c.world.CheckQuota(c.quota, r.operationID, n)
}

// unique refuses a name that another one in the zone has; except is the one
// that may have it.
func (c *collection[T]) unique(zone, name string, except *T) error {
	for v := range c.All() {
		if v != except && c.name(v) == name && (c.zone == nil || c.zone(v) == zone) {
			return wire.Conflict("%s %s already exists", c.label, name)
		}
	}
	return nil
}

// unused refuses to delete what another resource uses.
func (c *collection[T]) unused(id string) error {
	if user := c.world.UserOf(id); user != "" {
		return wire.Assuming(wire.AssumesInUse, wire.Conflict("%s %s is in use by %s", c.label, id, user))
	}
	return nil
}

// delete deletes the one that the path names, unless another resource uses it.
func (c *collection[T]) delete(r *request) (any, error) {
	if _, err := c.named(r); err != nil {
		return nil, err
	}
	return c.removeUnused(r, r.id())
}

// removeUnused deletes a resource that was found, unless another one uses it.
func (c *collection[T]) removeUnused(r *request, id string) (any, error) {
	if err := c.unused(id); err != nil {
		return nil, err
	}
	return c.set(r, id, func() { c.Remove(id) })
}

// change accepts a change of a resource; see [world.World.Change].
func (c *collection[T]) change(r *request, id string, act func(*world.Operation)) (any, error) {
	return c.world.Change(r.operationID, c.kind, id, act), nil
}

// set accepts a change that is done at once.
func (c *collection[T]) set(r *request, id string, act func()) (any, error) {
	return c.world.Set(r.operationID, c.kind, id, act), nil
}
