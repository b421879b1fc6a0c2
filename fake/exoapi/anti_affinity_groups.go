package exoapi

import (
	"fmt"
	"slices"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
)

// An antiAffinityGroup keeps its instances on different hosts. Nothing here
// has hosts, so it only remembers them, and holds no more than it may.
type antiAffinityGroup struct{ id, name, description string }

type antiAffinityGroupView struct {
	ID          string     `json:"id"`
	Name        string     `json:"name"`
	Description string     `json:"description"`
	Instances   []wire.Ref `json:"instances"`
}

type antiAffinityGroups struct {
	collection[antiAffinityGroup]

	instances *instances
	faults    *Faults
	capacity  int // of each group; negative means unlimited
}

func newAntiAffinityGroups(w *world.World, faults *Faults, capacity int) *antiAffinityGroups {
	s := &antiAffinityGroups{faults: faults, capacity: capacity}
	s.collection = collection[antiAffinityGroup]{
		world: w, kind: "anti-affinity-group", label: "anti-affinity group",
		name: func(g *antiAffinityGroup) string { return g.name },
		view: s.viewOf,
	}
	return s
}

func (s *antiAffinityGroups) declare() resource {
	return s.collection.declare(
		get("/anti-affinity-group", "list-anti-affinity-groups", s.list),
		post("/anti-affinity-group", "create-anti-affinity-group", s.create),
		get("/anti-affinity-group/{id}", "get-anti-affinity-group", s.get),
		del("/anti-affinity-group/{id}", "delete-anti-affinity-group", s.delete),
	)
}

// delete drops the reference of the operation once the group is gone, as the
// original does with groups of this kind.
func (s *antiAffinityGroups) delete(r *request) (any, error) {
	g, err := s.named(r)
	if err != nil {
		return nil, err
	}
	if err := s.unused(g.id); err != nil {
		return nil, err
	}
	return s.change(r, g.id, func(op *world.Operation) {
		s.Remove(g.id)
		s.world.After(0, func() {
			s.world.Unrefer(op)
			s.world.Succeed(op)
		})
	})
}

func (s *antiAffinityGroups) viewOf(g *antiAffinityGroup) any {
	v := antiAffinityGroupView{g.id, g.name, g.description, []wire.Ref{}}
	for i := range s.instances.All() {
		if slices.Contains(i.antiAffinityGroups, wire.Ref{ID: g.id}) {
			v.Instances = append(v.Instances, wire.Ref{ID: i.id})
		}
	}
	return v
}

// checkRoom refuses n more instances in groups of which one has no room for them.
// The original accepts the call first, so the error is that of its operation.
func (s *antiAffinityGroups) checkRoom(groups []wire.Ref, operationID string, n int) error {
	if len(groups) == 0 || n <= 0 {
		return nil
	}
	_, full := s.faults.take(FaultAntiAffinityFull, operationID)
	for _, g := range groups {
		used := 0
		for i := range s.instances.All() {
			if slices.Contains(i.antiAffinityGroups, g) {
				used++
			}
		}
		capacity := s.capacity
		if full {
			capacity = used
		}
		if capacity >= 0 && n > capacity-used {
			return fmt.Errorf("anti-affinity group %s is full: it has %d of at most %d instances, %d more requested",
				g.ID, used, capacity, n)
		}
	}
	return nil
}

// refuse ends an operation for which groups have no room.
func (s *antiAffinityGroups) refuse(op *world.Operation, err error) {
	s.world.After(0, func() { s.world.Fail(op, "unavailable", err.Error()) })
}

func (s *antiAffinityGroups) create(r *request) (any, error) {
	f := r.fields()
	f.Require("name")
	g := &antiAffinityGroup{id: s.world.IDs.UUID()}
	f.Text("name", &g.name, 1, wire.MaxText)
	f.Text("description", &g.description, 0, wire.MaxText)
	if err := f.Err(); err != nil {
		return nil, err
	}
	if err := s.unique(r.zone, g.name, nil); err != nil {
		return nil, err
	}
	return s.set(r, g.id, func() { s.Add(g.id, g) })
}
