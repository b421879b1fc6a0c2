package exoapi

import "slices"

// readRule reads a rule; the fields keep what is wrong with it.
func (w *world) readRule(f *fields) rule {
	f.require("flow-direction", "protocol")
	u := rule{ID: w.ids.uuid()}
	f.oneOf("flow-direction", &u.FlowDirection, "ingress", "egress")
	f.oneOf("protocol", &u.Protocol, "tcp", "udp", "icmp", "icmpv6", "ah", "esp", "gre", "ipip")
	f.text("description", &u.Description, 0, maxText)
	f.integer("start-port", &u.StartPort, 1, maxPort)
	f.integer("end-port", &u.EndPort, 1, maxPort)
	w.readPeer(f, &u)
	if o := f.object("icmp"); o != nil {
		u.ICMP = &icmp{Type: o.icmpNumber("type"), Code: o.icmpNumber("code")}
	}
	ported := u.Protocol == "tcp" || u.Protocol == "udp"
	switch {
	case ported && (u.StartPort == 0 || u.EndPort == 0):
		f.reject("start-port and end-port are required for protocol %s", u.Protocol)
	case u.StartPort > u.EndPort:
		f.reject("start-port must not be above end-port")
	case u.ICMP != nil && u.Protocol != "icmp" && u.Protocol != "icmpv6":
		f.reject("icmp does not go with protocol %s", u.Protocol)
	}
	return u
}

// readPeer reads the other end: a network, or a group named by its id or, if
// it is public, by its name.
func (w *world) readPeer(f *fields, u *rule) {
	o := f.object("security-group")
	if o == nil {
		f.require("network")
		f.network("network", &u.Network)
		return
	}
	if f.given("network") {
		f.reject("network and security-group exclude each other")
	}
	var id, name string
	o.id("id", &id)
	o.text("name", &name, 1, maxText)
	for g := range w.groups.all() {
		if g.id == id || id == "" && g.name == name && g.visibility == visibilityPublic {
			peer := g.ref()
			u.Group = &peer
			return
		}
	}
	f.fail(notFound("security group", id+name))
}

func (f *fields) icmpNumber(key string) *int {
	if _, there := f.values[key]; !there {
		return nil
	}
	n := new(int)
	f.integer(key, n, -1, 254)
	return n
}

func addRule(r *request) (any, error) {
	g, err := r.ownGroup()
	if err != nil {
		return nil, err
	}
	f := r.fields()
	u := r.world.readRule(f)
	if err := f.problem(); err != nil {
		return nil, err
	}
	return r.set("security-group", g.id, func() {
		g.rules = append(g.rules, u)
		r.world.unguard()
	})
}

func deleteRule(r *request) (any, error) {
	g, err := r.ownGroup()
	if err != nil {
		return nil, err
	}
	id := r.params["rule-id"]
	is := func(u rule) bool { return u.ID == id }
	if !slices.ContainsFunc(g.rules, is) {
		return nil, notFound("security group rule", id)
	}
	return r.set("security-group", g.id, func() {
		g.rules = slices.DeleteFunc(g.rules, is)
		r.world.unguard()
	})
}
