package exoapi

import (
	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
	"github.com/exopool/exopool/fake/machine/driverapi"
)

type serviceView struct {
	ID          string                `json:"id"`
	Name        string                `json:"name"`
	Description string                `json:"description"`
	State       string                `json:"state"`
	Protocol    string                `json:"protocol"`
	Strategy    string                `json:"strategy"`
	Port        int                   `json:"port"`
	TargetPort  int                   `json:"target-port"`
	Pool        wire.Ref              `json:"instance-pool"`
	Healthcheck driverapi.Healthcheck `json:"healthcheck"`
	Status      []statusView          `json:"healthcheck-status"`
}

type statusView struct {
	PublicIP string           `json:"public-ip"`
	Status   driverapi.Health `json:"status"`
}

func (s *balancers) serviceView(b *balancer, sv *service) serviceView {
	v := serviceView{
		ID:          sv.id,
		Name:        sv.name,
		Description: sv.description,
		State:       sv.state,
		Protocol:    sv.protocol,
		Strategy:    sv.strategy,
		Port:        sv.port,
		TargetPort:  sv.targetPort,
		Pool:        wire.Ref{ID: sv.pool.id},
		Healthcheck: sv.healthcheck,
		Status:      []statusView{},
	}
	for _, m := range s.health(b, sv) {
		v.Status = append(v.Status, statusView{m.member.address.String(), m.health})
	}
	return v
}

// service finds the one that the path names.
func (s *balancers) service(r *request, b *balancer) (*service, error) {
	id := r.params["service-id"]
	if sv := b.services.Get(id); sv != nil {
		return sv, nil
	}
	return nil, wire.NotFound("load balancer service", id)
}

// changeableService finds it, too, unless it is on its way out.
func (s *balancers) changeableService(r *request) (*balancer, *service, error) {
	b, err := s.changeable(r)
	if err != nil {
		return nil, nil, err
	}
	sv, err := s.service(r, b)
	if err == nil && sv.state == balancerDeleting {
		err = wire.Conflict("load balancer service %sv is %sv", sv.id, sv.state)
	}
	return b, sv, err
}

func (s *balancers) getService(r *request) (any, error) {
	b, err := s.named(r)
	if err != nil {
		return nil, err
	}
	sv, err := s.service(r, b)
	if err != nil {
		return nil, err
	}
	return s.serviceView(b, sv), nil
}

func (s *serviceSettings) read(f *wire.Fields) {
	f.Text("name", &s.name, 1, wire.MaxText)
	f.Text("description", &s.description, 0, wire.MaxText)
	f.OneOf("protocol", &s.protocol, "tcp", "udp")
	f.OneOf("strategy", &s.strategy, "round-robin", "source-hash", "maglev-hash")
	f.Integer("port", &s.port, 1, wire.MaxPort)
	f.Integer("target-port", &s.targetPort, 1, wire.MaxPort)
	if o := f.Object("healthcheck"); o != nil {
		s.healthcheck = readHealthcheck(o)
	}
}

// readHealthcheck reads a whole one: what is left out has its default.
func readHealthcheck(f *wire.Fields) driverapi.Healthcheck {
	h := driverapi.Healthcheck{Mode: "tcp", Interval: 10, Timeout: 2, Retries: 1}
	f.OneOf("mode", &h.Mode, "tcp", "http", "https")
	f.Integer("port", &h.Port, 1, wire.MaxPort)
	f.Integer("interval", &h.Interval, 5, 300)
	f.Integer("timeout", &h.Timeout, 2, 60)
	f.Integer("retries", &h.Retries, 1, 20)
	f.Text("uri", &h.URI, 1, wire.MaxText)
	f.Text("tls-sni", &h.TLSSNI, 1, wire.MaxText)
	switch {
	case h.Port == 0:
		f.Reject("%sport is required", f.Path)
	case h.Timeout > h.Interval:
		f.Reject("%stimeout must not exceed interval", f.Path)
	case h.Mode != "tcp" && h.URI == "":
		f.Reject("%suri is required in mode %s", f.Path, h.Mode)
	}
	return h
}

// unique refuses a service that would share its name or port with another.
func (b *balancer) unique(id string, s *serviceSettings) error {
	for other := range b.services.All() {
		switch {
		case other.id == id:
		case other.name == s.name:
			return wire.Assuming(wire.AssumesServiceUnique, wire.Conflict("service %s of load balancer %s already exists", s.name, b.id))
		case other.port == s.port && other.protocol == s.protocol:
			return wire.Assuming(wire.AssumesServiceUnique,
				wire.Conflict("port %d of load balancer %s is in use by service %s", s.port, b.id, other.name))
		}
	}
	return nil
}

func (s *balancers) addService(r *request) (any, error) {
	b, err := s.changeable(r)
	if err != nil {
		return nil, err
	}
	f := r.fields()
	f.Require("name", "instance-pool", "protocol", "strategy", "port", "target-port", "healthcheck")
	sv := &service{id: s.world.IDs.UUID()}
	sv.read(f)
	var poolID string
	f.Ref("instance-pool", &poolID)
	if err := f.Err(); err != nil {
		return nil, err
	}
	if sv.pool, err = s.pools.find(r.zone, poolID); err != nil {
		return nil, err
	}
	if sv.pool.state == poolDestroying {
		return nil, wire.Conflict("instance pool %sv is %sv", sv.pool.id, sv.pool.state)
	}
	if err := b.unique(sv.id, &sv.serviceSettings); err != nil {
		return nil, err
	}
	return s.change(r, b.id, func(op *world.Operation) {
		b.services.Add(sv.id, sv)
		s.enterService(b, sv, balancerCreating, op, func() { sv.state = balancerRunning })
	})
}

// updateService changes everything but the pool.
func (s *balancers) updateService(r *request) (any, error) {
	b, sv, err := s.changeableService(r)
	if err != nil {
		return nil, err
	}
	f := r.fields()
	changed := sv.serviceSettings
	changed.read(f)
	if err := f.Err(); err != nil {
		return nil, err
	}
	if err := b.unique(sv.id, &changed); err != nil {
		return nil, err
	}
	return s.change(r, b.id, func(op *world.Operation) {
		sv.serviceSettings = changed
		s.enterService(b, sv, balancerUpdating, op, func() { sv.state = balancerRunning })
	})
}

func (s *balancers) resetServiceField(r *request) (any, error) {
	b, sv, err := s.changeableService(r)
	if err != nil {
		return nil, err
	}
	if r.params["field"] != "description" {
		return nil, wire.NotResettable(r.params["field"])
	}
	return s.set(r, b.id, func() { sv.description = "" })
}

// deleteService frees the pool once the operation succeeds.
func (s *balancers) deleteService(r *request) (any, error) {
	b, sv, err := s.changeableService(r)
	if err != nil {
		return nil, err
	}
	return s.change(r, b.id, func(op *world.Operation) {
		s.enterService(b, sv, balancerDeleting, op, func() { b.services.Remove(sv.id) })
	})
}
