package exoapi

import "net/netip"

type networkView struct {
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	Description string            `json:"description"`
	Labels      map[string]string `json:"labels"`
	VNI         int               `json:"vni"`
	StartIP     string            `json:"start-ip,omitempty"`
	EndIP       string            `json:"end-ip,omitempty"`
	Netmask     string            `json:"netmask,omitempty"`
	Options     *networkOptions   `json:"options,omitempty"`
	Leases      []leaseView       `json:"leases"`
}

type leaseView struct {
	IP         string `json:"ip"`
	InstanceID string `json:"instance-id"`
}

func privateNetworkRoutes() []*route {
	return []*route{
		get("/private-network", "list-private-networks", listNetworks),
		post("/private-network", "create-private-network", createNetwork),
		get("/private-network/{id}", "get-private-network", getNetwork),
		put("/private-network/{id}", "update-private-network", updateNetwork),
		del("/private-network/{id}", "delete-private-network", deleteNetwork),
		del("/private-network/{id}/{field}", "reset-private-network-field", resetNetworkField),
		put("/private-network/{id}:attach", "attach-instance-to-private-network", attachNetwork),
		put("/private-network/{id}:detach", "detach-instance-from-private-network", detachNetwork),
		put("/private-network/{id}:update-ip", "update-private-network-instance-ip", changeLease),
	}
}

func (n *privateNetwork) view() networkView {
	v := networkView{
		ID:          n.id,
		Name:        n.name,
		Description: n.description,
		Labels:      n.labels,
		VNI:         n.vni,
		Options:     n.options,
		Leases:      []leaseView{},
	}
	if v.Labels == nil {
		v.Labels = map[string]string{}
	}
	if n.managed() {
		v.StartIP, v.EndIP, v.Netmask = n.start.String(), n.end.String(), n.netmask.String()
	}
	for c := range n.nics.all() {
		if c.lease.IsValid() {
			v.Leases = append(v.Leases, leaseView{c.lease.String(), c.instance.id})
		}
	}
	return v
}

func listNetworks(r *request) (any, error) {
	var views []networkView
	for n := range r.world.networks.all() {
		if n.zone == r.zone {
			views = append(views, n.view())
		}
	}
	return list("private-networks", views), nil
}

func (r *request) network() (*privateNetwork, error) { return r.world.network(r.zone, r.id()) }

func getNetwork(r *request) (any, error) {
	n, err := r.network()
	if err != nil {
		return nil, err
	}
	return n.view(), nil
}

func createNetwork(r *request) (any, error) {
	w, f := r.world, r.fields()
	f.require("name")
	n := &privateNetwork{id: w.ids.uuid(), zone: r.zone}
	n.read(f)
	if err := f.problem(); err != nil {
		return nil, err
	}
	if err := w.room(quotaNetworks, r.operationID, 1); err != nil {
		return nil, err
	}
	return r.set("private-network", n.id, func() {
		w.lastVNI++
		n.vni = w.lastVNI
		w.networks.add(n.id, n)
	})
}

// updateNetwork gives leases to what is attached already when a network
// becomes managed.
func updateNetwork(r *request) (any, error) {
	n, err := r.network()
	if err != nil {
		return nil, err
	}
	f := r.fields()
	changed := n.networkSettings
	changed.read(f)
	if err := f.problem(); err != nil {
		return nil, err
	}
	for c := range n.nics.all() {
		if c.lease.IsValid() && !changed.subnet().Contains(c.lease) {
			return nil, conflict("private network %s leases %s, which is outside of %s", n.id, c.lease, changed.subnet())
		}
	}
	return r.set("private-network", n.id, func() {
		n.networkSettings = changed
		for c := range n.nics.all() {
			r.world.lease(c)
		}
	})
}

func resetNetworkField(r *request) (any, error) {
	n, err := r.network()
	if err != nil {
		return nil, err
	}
	if r.params["field"] != "labels" {
		return nil, invalid("bad request: field %q cannot be reset", r.params["field"])
	}
	return r.set("private-network", n.id, func() { n.labels = nil })
}

func deleteNetwork(r *request) (any, error) {
	n, err := r.network()
	if err != nil {
		return nil, err
	}
	if user := r.world.inUse(n.id); user != "" {
		return nil, conflict("private network %s is in use by %s", n.id, user)
	}
	return r.set("private-network", n.id, func() { r.world.networks.remove(n.id) })
}

// attachment reads which network, instance and address a call is about, and
// finds the instance's interface, if it has one. The address is the zero Addr
// if the call names none.
func (r *request) attachment() (n *privateNetwork, i *instance, c *nic, addr netip.Addr, err error) {
	if n, err = r.network(); err != nil {
		return nil, nil, nil, addr, err
	}
	f := r.fields()
	f.address("ip", &addr)
	if i, err = r.attached(f); err != nil {
		return nil, nil, nil, addr, err
	}
	c = n.nics.get(i.id)
	if !addr.IsValid() {
		return n, i, c, addr, nil
	}
	switch holder := n.holder(addr); {
	case !n.managed():
		err = invalid("bad request: private network %s is not managed and leases no addresses", n.id)
	case !n.subnet().Contains(addr):
		err = invalid("bad request: %s is not in private network %s, which is %s", addr, n.id, n.subnet())
	case holder != nil && holder.instance != i:
		err = conflict("%s is leased to instance %s already", addr, holder.instance.id)
	}
	return n, i, c, addr, err
}

// attached reads the instance that a call attaches or detaches.
func (r *request) attached(f *fields) (*instance, error) {
	f.require("instance")
	var id string
	f.ref("instance", &id)
	if err := f.problem(); err != nil {
		return nil, err
	}
	i, err := r.world.instance(r.zone, id)
	if err == nil && i.state == instanceDestroying {
		err = conflict("instance %s is being destroyed", i.id)
	}
	return i, err
}

func attachNetwork(r *request) (any, error) {
	n, i, c, addr, err := r.attachment()
	if err != nil {
		return nil, err
	}
	if c != nil && addr.IsValid() && c.lease != addr {
		return nil, conflict("instance %s is attached to private network %s already", i.id, n.id)
	}
	return r.set("private-network", n.id, func() {
		if c == nil {
			r.world.connect(i, n, addr)
		}
	})
}

func detachNetwork(r *request) (any, error) {
	n, i, c, _, err := r.attachment()
	if err != nil {
		return nil, err
	}
	return r.set("private-network", n.id, func() {
		if c != nil {
			i.disconnect(c)
		}
	})
}

// changeLease gives an instance another address: the one asked for, or any.
func changeLease(r *request) (any, error) {
	n, i, c, addr, err := r.attachment()
	if err != nil {
		return nil, err
	}
	if c == nil {
		return nil, notFound("private network "+n.id+"'s interface of instance", i.id)
	}
	return r.set("private-network", n.id, func() {
		c.lease = addr
		r.world.lease(c)
	})
}
