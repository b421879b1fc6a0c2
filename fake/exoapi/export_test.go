package exoapi

import (
	"slices"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
)

// A rack is a made-up kind of resource: it holds instances and refers to an
// anti-affinity group. It shows what a new kind costs.
type rack struct {
	id, name  string
	group     string
	instances []wire.Ref
}

type rackView struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Instances []wire.Ref `json:"instances"`
}

type racks struct{ collection[rack] }

func declareRacks(w *world.World) resource {
	s := &racks{collection[rack]{
		world: w, kind: "rack", label: "rack",
		quota: &world.Quota{Name: "rack", Limit: 2},
		name:  func(v *rack) string { return v.name },
		view:  func(v *rack) any { return rackView{v.id, v.name, wire.NonNil(v.instances)} },
	}}
	d := s.declare(
		get("/rack", "list-racks", s.list),
		post("/rack", "create-rack", s.create),
		get("/rack/{id}", "get-rack", s.get),
		put("/rack/{id}:put", "put-instance-in-rack", s.put),
		del("/rack/{id}", "delete-rack", s.delete),
	)
	d.User = func(id string) string {
		for v := range s.All() {
			if v.group == id {
				return "rack " + v.id
			}
		}
		return ""
	}
	d.Forget = func(id string) {
		for v := range s.All() {
			v.instances = slices.DeleteFunc(v.instances, func(i wire.Ref) bool { return i.ID == id })
		}
	}
	return d
}

func (s *racks) create(r *request) (any, error) {
	f := r.fields()
	f.Require("name")
	v := &rack{id: s.world.IDs.UUID()}
	f.Text("name", &v.name, 1, wire.MaxText)
	f.Ref("anti-affinity-group", &v.group)
	if err := f.Err(); err != nil {
		return nil, err
	}
	if err := s.checkQuota(r, 1); err != nil {
		return nil, err
	}
	return s.set(r, v.id, func() { s.Add(v.id, v) })
}

func (s *racks) put(r *request) (any, error) {
	v, err := s.named(r)
	if err != nil {
		return nil, err
	}
	f := r.fields()
	var i wire.Ref
	f.Ref("instance", &i.ID)
	if err := f.Err(); err != nil {
		return nil, err
	}
	return s.set(r, v.id, func() { v.instances = append(v.instances, i) })
}

func (s *racks) delete(r *request) (any, error) {
	v, err := s.named(r)
	if err != nil {
		return nil, err
	}
	return s.set(r, v.id, func() { s.Remove(v.id) })
}

// NewWithRacks makes a cloud that has racks, too.
func NewWithRacks(cfg Config) (*Cloud, error) { return newCloud(cfg, declareRacks) }
