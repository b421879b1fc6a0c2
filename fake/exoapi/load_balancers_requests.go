package exoapi

import (
	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
)

// changeable finds the one that the path names, unless it is on its way out.
func (s *balancers) changeable(r *request) (*balancer, error) {
	b, err := s.named(r)
	if err == nil && b.state == balancerDeleting {
		err = wire.Conflict("load balancer %s is %s", b.id, b.state)
	}
	return b, err
}

func (b *balancer) read(f *wire.Fields) {
	f.Text("name", &b.name, 1, wire.MaxText)
	f.Text("description", &b.description, 0, wire.MaxText)
	f.Labels(&b.labels)
}

func (s *balancers) create(r *request) (any, error) {
	f := r.fields()
	f.Require("name")
	b := &balancer{id: s.world.IDs.UUID(), zone: r.zone}
	b.read(f)
	if err := f.Err(); err != nil {
		return nil, err
	}
	if err := s.unique(r.zone, b.name, nil); err != nil {
		return nil, err
	}
	if err := s.checkQuota(r, 1); err != nil {
		return nil, err
	}
	return s.change(r, b.id, func(op *world.Operation) { s.start(b, op) })
}

func (s *balancers) update(r *request) (any, error) {
	b, err := s.changeable(r)
	if err != nil {
		return nil, err
	}
	f := r.fields()
	changed := *b
	changed.read(f)
	if err := f.Err(); err != nil {
		return nil, err
	}
	if err := s.unique(r.zone, changed.name, b); err != nil {
		return nil, err
	}
	return s.set(r, b.id, func() {
		b.name, b.description, b.labels = changed.name, changed.description, changed.labels
	})
}

func (s *balancers) resetField(r *request) (any, error) {
	b, err := s.changeable(r)
	if err != nil {
		return nil, err
	}
	switch field := r.params["field"]; field {
	case "description":
		return s.set(r, b.id, func() { b.description = "" })
	case "labels":
		return s.set(r, b.id, func() { b.labels = nil })
	default:
		return nil, wire.NotResettable(field)
	}
}

func (s *balancers) delete(r *request) (any, error) {
	b, err := s.changeable(r)
	if err != nil {
		return nil, err
	}
	return s.change(r, b.id, func(op *world.Operation) { s.stop(b, op) })
}
