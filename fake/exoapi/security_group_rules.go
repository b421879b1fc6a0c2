package exoapi

import (
	"slices"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
)

// readRule reads a rule; the fields keep what is wrong with it.
func (s *securityGroups) readRule(f *wire.Fields) rule {
	f.Require("flow-direction", "protocol")
	u := rule{ID: s.world.IDs.UUID()}
	f.OneOf("flow-direction", &u.FlowDirection, "ingress", "egress")
	f.OneOf("protocol", &u.Protocol, "tcp", "udp", "icmp", "icmpv6", "ah", "esp", "gre", "ipip")
	f.Text("description", &u.Description, 0, wire.MaxText)
	f.Integer("start-port", &u.StartPort, 1, wire.MaxPort)
	f.Integer("end-port", &u.EndPort, 1, wire.MaxPort)
	s.readPeer(f, &u)
	if o := f.Object("icmp"); o != nil {
		u.ICMP = &icmp{Type: icmpNumber(o, "type"), Code: icmpNumber(o, "code")}
	}
	ported := u.Protocol == "tcp" || u.Protocol == "udp"
	switch {
	case ported && (u.StartPort == 0 || u.EndPort == 0):
		f.Reject("start-port and end-port are required for protocol %s", u.Protocol)
	case u.StartPort > u.EndPort:
		f.Reject("start-port must not be above end-port")
	case u.ICMP != nil && u.Protocol != "icmp" && u.Protocol != "icmpv6":
		f.Reject("icmp does not go with protocol %s", u.Protocol)
	}
	return u
}

// readPeer reads the other end: a network, or a group named by its id or, if
// it is public, by its name.
func (s *securityGroups) readPeer(f *wire.Fields, u *rule) {
	o := f.Object("security-group")
	if o == nil {
		f.Require("network")
		f.Network("network", &u.Network)
		return
	}
	if f.Given("network") {
		f.Reject("network and security-group exclude each other")
	}
	var id, name, visibility string
	o.ID("id", &id)
	o.Text("name", &name, 1, wire.MaxText)
	o.OneOf("visibility", &visibility, visibilityPrivate, visibilityPublic)
	for g := range s.All() {
		found := g.id == id
		if g.visibility == visibilityPublic {
			found = id == "" && g.name == name && visibility != visibilityPrivate
		}
		if found {
			u.peer, u.Group = g, g.asPeer()
			return
		}
	}
	f.Fail(wire.NotFound("security group", id+name))
}

func icmpNumber(f *wire.Fields, key string) *int {
	if !f.Has(key) {
		return nil
	}
	n := new(int)
	f.Integer(key, n, -1, 254)
	return n
}

func (s *securityGroups) addRule(r *request) (any, error) {
	g, err := s.named(r)
	if err != nil {
		return nil, err
	}
	f := r.fields()
	u := s.readRule(f)
	if err := f.Err(); err != nil {
		return nil, err
	}
	return s.set(r, g.id, func() {
		g.rules = append(g.rules, u)
		s.changed()
	})
}

func (s *securityGroups) deleteRule(r *request) (any, error) {
	g, err := s.named(r)
	if err != nil {
		return nil, err
	}
	id := r.params["rule-id"]
	is := func(u rule) bool { return u.ID == id }
	if !slices.ContainsFunc(g.rules, is) {
		return nil, wire.NotFound("security group rule", id)
	}
	return s.set(r, g.id, func() {
		g.rules = slices.DeleteFunc(g.rules, is)
		s.changed()
	})
}
