package exoapi

type balancerView struct {
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	Description string            `json:"description"`
	State       string            `json:"state"`
	CreatedAt   string            `json:"created-at"`
	IP          string            `json:"ip"`
	Labels      map[string]string `json:"labels"`
	Services    []serviceView     `json:"services"`
}

func (w *world) balancerView(b *balancer) balancerView {
	v := balancerView{
		ID:          b.id,
		Name:        b.name,
		Description: b.description,
		State:       b.state,
		CreatedAt:   b.created,
		IP:          b.address.String(),
		Labels:      b.labels,
		Services:    []serviceView{},
	}
	if v.Labels == nil {
		v.Labels = map[string]string{}
	}
	for s := range b.services.all() {
		v.Services = append(v.Services, w.serviceView(b, s))
	}
	return v
}

func listBalancers(r *request) (any, error) {
	var views []balancerView
	for b := range r.world.balancers.all() {
		if b.zone == r.zone {
			views = append(views, r.world.balancerView(b))
		}
	}
	return list("load-balancers", views), nil
}

func getBalancer(r *request) (any, error) {
	b, err := r.world.balancer(r.zone, r.id())
	if err != nil {
		return nil, err
	}
	return r.world.balancerView(b), nil
}

// balancer finds the one that the path names, unless it is on its way out.
func (r *request) balancer() (*balancer, error) {
	b, err := r.world.balancer(r.zone, r.id())
	if err == nil && b.state == balancerDeleting {
		err = conflict("load balancer %s is %s", b.id, b.state)
	}
	return b, err
}

func (b *balancer) read(f *fields) {
	f.text("name", &b.name, 1, maxText)
	f.text("description", &b.description, 0, maxText)
	f.labels(&b.labels)
}

// freeName refuses a name that another load balancer of the zone has.
func (r *request) freeName(b *balancer) error {
	for other := range r.world.balancers.all() {
		if other.zone == r.zone && other.id != b.id && other.name == b.name {
			return conflict("load balancer %s already exists", b.name)
		}
	}
	return nil
}

func createBalancer(r *request) (any, error) {
	w, f := r.world, r.fields()
	f.require("name")
	b := &balancer{id: w.ids.uuid(), zone: r.zone}
	b.read(f)
	if err := f.problem(); err != nil {
		return nil, err
	}
	if err := r.freeName(b); err != nil {
		return nil, err
	}
	if err := w.room(quotaBalancers, r.operationID, 1); err != nil {
		return nil, err
	}
	return r.change("load-balancer", b.id, func(op *operation) { w.createBalancer(b, op) })
}

func updateBalancer(r *request) (any, error) {
	b, err := r.balancer()
	if err != nil {
		return nil, err
	}
	f := r.fields()
	changed := *b
	changed.read(f)
	if err := f.problem(); err != nil {
		return nil, err
	}
	if err := r.freeName(&changed); err != nil {
		return nil, err
	}
	return r.set("load-balancer", b.id, func() {
		b.name, b.description, b.labels = changed.name, changed.description, changed.labels
	})
}

func resetBalancerField(r *request) (any, error) {
	b, err := r.balancer()
	if err != nil {
		return nil, err
	}
	switch field := r.params["field"]; field {
	case "description":
		return r.set("load-balancer", b.id, func() { b.description = "" })
	case "labels":
		return r.set("load-balancer", b.id, func() { b.labels = nil })
	default:
		return nil, invalid("bad request: field %q cannot be reset", field)
	}
}

func deleteBalancer(r *request) (any, error) {
	b, err := r.balancer()
	if err != nil {
		return nil, err
	}
	return r.change("load-balancer", b.id, func(op *operation) { r.world.deleteBalancer(b, op) })
}
