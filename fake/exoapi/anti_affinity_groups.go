package exoapi

import (
	"slices"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
)

// An antiAffinityGroup keeps its instances on different hosts. Nothing here
// has hosts, so it only remembers them.
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
}

func newAntiAffinityGroups(w *world.World) *antiAffinityGroups {
	s := &antiAffinityGroups{}
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

func (s *antiAffinityGroups) viewOf(g *antiAffinityGroup) any {
	v := antiAffinityGroupView{g.id, g.name, g.description, []wire.Ref{}}
	for i := range s.instances.All() {
		if slices.Contains(i.antiAffinityGroups, wire.Ref{ID: g.id}) {
			v.Instances = append(v.Instances, wire.Ref{ID: i.id})
		}
	}
	return v
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
