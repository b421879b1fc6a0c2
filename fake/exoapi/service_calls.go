package exoapi

import "github.com/exopool/exopool/fake/infra"

type serviceView struct {
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	Description string            `json:"description"`
	State       string            `json:"state"`
	Protocol    string            `json:"protocol"`
	Strategy    string            `json:"strategy"`
	Port        int               `json:"port"`
	TargetPort  int               `json:"target-port"`
	Pool        ref               `json:"instance-pool"`
	Healthcheck infra.Healthcheck `json:"healthcheck"`
	Status      []statusView      `json:"healthcheck-status"`
}

type statusView struct {
	PublicIP string       `json:"public-ip"`
	Status   infra.Health `json:"status"`
}

func (w *world) serviceView(b *balancer, s *service) serviceView {
	v := serviceView{
		ID:          s.id,
		Name:        s.name,
		Description: s.description,
		State:       s.state,
		Protocol:    s.protocol,
		Strategy:    s.strategy,
		Port:        s.port,
		TargetPort:  s.targetPort,
		Pool:        ref{s.pool.id},
		Healthcheck: s.healthcheck,
		Status:      []statusView{},
	}
	for _, m := range w.health(b, s) {
		v.Status = append(v.Status, statusView{m.member.address.String(), m.health})
	}
	return v
}

// service finds the one that the path names.
func (r *request) service(b *balancer) (*service, error) {
	id := r.params["service-id"]
	if s := b.services.get(id); s != nil {
		return s, nil
	}
	return nil, notFound("load balancer service", id)
}

// changeableService finds it, too, unless it is on its way out.
func (r *request) changeableService() (*balancer, *service, error) {
	b, err := r.balancer()
	if err != nil {
		return nil, nil, err
	}
	s, err := r.service(b)
	if err == nil && s.state == balancerDeleting {
		err = conflict("load balancer service %s is %s", s.id, s.state)
	}
	return b, s, err
}

func getService(r *request) (any, error) {
	b, err := r.world.balancer(r.zone, r.id())
	if err != nil {
		return nil, err
	}
	s, err := r.service(b)
	if err != nil {
		return nil, err
	}
	return r.world.serviceView(b, s), nil
}

const maxPort = 65535

func (s *serviceSettings) read(f *fields) {
	f.text("name", &s.name, 1, maxText)
	f.text("description", &s.description, 0, maxText)
	f.oneOf("protocol", &s.protocol, "tcp", "udp")
	f.oneOf("strategy", &s.strategy, "round-robin", "source-hash", "maglev-hash")
	f.integer("port", &s.port, 1, maxPort)
	f.integer("target-port", &s.targetPort, 1, maxPort)
	if o := f.object("healthcheck"); o != nil {
		readHealthcheck(o, &s.healthcheck)
	}
}

func readHealthcheck(f *fields, h *infra.Healthcheck) {
	f.oneOf("mode", &h.Mode, "tcp", "http", "https")
	f.integer("port", &h.Port, 1, maxPort)
	f.integer("interval", &h.Interval, 5, 300)
	f.integer("timeout", &h.Timeout, 2, 60)
	f.integer("retries", &h.Retries, 1, 20)
	f.text("uri", &h.URI, 1, maxText)
	f.text("tls-sni", &h.TLSSNI, 1, maxText)
	switch {
	case h.Port == 0:
		f.reject("%sport is required", f.path)
	case h.Timeout > h.Interval:
		f.reject("%stimeout must not exceed interval", f.path)
	case h.Mode != "tcp" && h.URI == "":
		f.reject("%suri is required in mode %s", f.path, h.Mode)
	}
}

// unique refuses a service that would share its name or port with another.
func (b *balancer) unique(id string, s *serviceSettings) error {
	for other := range b.services.all() {
		switch {
		case other.id == id:
		case other.name == s.name:
			return conflict("service %s of load balancer %s already exists", s.name, b.id)
		case other.port == s.port && other.protocol == s.protocol:
			return conflict("port %d of load balancer %s is in use by service %s", s.port, b.id, other.name)
		}
	}
	return nil
}

func addService(r *request) (any, error) {
	b, err := r.balancer()
	if err != nil {
		return nil, err
	}
	w, f := r.world, r.fields()
	f.require("name", "instance-pool", "protocol", "strategy", "port", "target-port", "healthcheck")
	s := &service{id: w.ids.uuid()}
	s.healthcheck = infra.Healthcheck{Mode: "tcp", Interval: 10, Timeout: 2, Retries: 1}
	s.read(f)
	var poolID string
	f.ref("instance-pool", &poolID)
	if err := f.problem(); err != nil {
		return nil, err
	}
	if s.pool, err = w.pool(r.zone, poolID); err != nil {
		return nil, err
	}
	if s.pool.state == poolDestroying {
		return nil, conflict("instance pool %s is %s", s.pool.id, s.pool.state)
	}
	if err := b.unique(s.id, &s.serviceSettings); err != nil {
		return nil, err
	}
	return r.change("load-balancer", b.id, func(op *operation) {
		b.services.add(s.id, s)
		w.enterService(b, s, balancerCreating, op, func() { s.state = balancerRunning })
	})
}

// updateService changes everything but the pool.
func updateService(r *request) (any, error) {
	b, s, err := r.changeableService()
	if err != nil {
		return nil, err
	}
	f := r.fields()
	changed := s.serviceSettings
	changed.read(f)
	if err := f.problem(); err != nil {
		return nil, err
	}
	if err := b.unique(s.id, &changed); err != nil {
		return nil, err
	}
	return r.change("load-balancer", b.id, func(op *operation) {
		s.serviceSettings = changed
		r.world.enterService(b, s, balancerUpdating, op, func() { s.state = balancerRunning })
	})
}

func resetServiceField(r *request) (any, error) {
	b, s, err := r.changeableService()
	if err != nil {
		return nil, err
	}
	if r.params["field"] != "description" {
		return nil, invalid("bad request: field %q cannot be reset", r.params["field"])
	}
	return r.set("load-balancer", b.id, func() { s.description = "" })
}

// deleteService frees the pool once the operation succeeds.
func deleteService(r *request) (any, error) {
	b, s, err := r.changeableService()
	if err != nil {
		return nil, err
	}
	return r.change("load-balancer", b.id, func(op *operation) {
		r.world.enterService(b, s, balancerDeleting, op, func() { b.services.remove(s.id) })
	})
}
