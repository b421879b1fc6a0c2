package exoapi

import (
	"net/netip"
	"slices"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
)

// An elasticIP is an address that can be moved between instances of a zone. No
// packets are sent to it, and its health check is only kept.
type elasticIP struct {
	id, zone    string
	family      string
	address     netip.Addr
	description string
	labels      map[string]string
	healthcheck *elasticHealthcheck
	reverseDNS  string // reverse DNS record; empty without one
}

// An elasticHealthcheck says when an instance may have the address.
type elasticHealthcheck struct {
	Mode          string `json:"mode"`
	Port          int    `json:"port"`
	URI           string `json:"uri,omitempty"`
	TLSSNI        string `json:"tls-sni,omitempty"`
	TLSSkipVerify bool   `json:"tls-skip-verify"`
	Interval      int    `json:"interval"` // seconds
	Timeout       int    `json:"timeout"`  // seconds
	StrikesOK     int    `json:"strikes-ok"`
	StrikesFail   int    `json:"strikes-fail"`
}

type elasticIPView struct {
	ID          string              `json:"id"`
	IP          string              `json:"ip"`
	CIDR        string              `json:"cidr"`
	Family      string              `json:"addressfamily"`
	Description string              `json:"description"`
	Labels      map[string]string   `json:"labels,omitempty"`
	Healthcheck *elasticHealthcheck `json:"healthcheck,omitempty"`
}

const (
	familyInet4 = "inet4"
	familyInet6 = "inet6"
)

type elasticIPs struct {
	collection[elasticIP]

	addresses *world.Addresses
	instances *instances
}

func newElasticIPs(w *world.World, addresses *world.Addresses) *elasticIPs {
	return &elasticIPs{
		collection: collection[elasticIP]{
			world: w, kind: "elastic-ip", label: "elastic IP",
			quota: &world.Quota{Name: "elastic-ip", Limit: 10, Addresses: addresses},
			zone:  func(e *elasticIP) string { return e.zone },
			name:  func(e *elasticIP) string { return e.address.String() },
			view:  func(e *elasticIP) any { return e.view() },
		},
		addresses: addresses,
	}
}

func (s *elasticIPs) declare() resource {
	d := s.collection.declare(
		get("/elastic-ip", "list-elastic-ips", s.list),
		post("/elastic-ip", "create-elastic-ip", s.create),
		get("/elastic-ip/{id}", "get-elastic-ip", s.get),
		put("/elastic-ip/{id}", "update-elastic-ip", s.update),
		del("/elastic-ip/{id}", "delete-elastic-ip", s.delete),
		del("/elastic-ip/{id}/{field}", "reset-elastic-ip-field", s.resetField),
		put("/elastic-ip/{id}:attach", "attach-instance-to-elastic-ip", s.attach),
		put("/elastic-ip/{id}:detach", "detach-instance-from-elastic-ip", s.detach),
	)
	records := &reverseDNS{s.world, s.kind, s.record, s.record, s.record}
	d.routes = append(d.routes, records.routes()...)
	d.Forget = func(id string) {
		if i := s.instances.Get(id); i != nil {
			i.elasticIPs = nil
		}
	}
	return d
}

// record is the reverse DNS record of the address that the path names.
func (s *elasticIPs) record(r *request) (*string, error) {
	e, err := s.named(r)
	if err != nil {
		return nil, err
	}
	return &e.reverseDNS, nil
}

func (e *elasticIP) view() elasticIPView {
	v := elasticIPView{
		ID:          e.id,
		IP:          e.address.String(),
		CIDR:        netip.PrefixFrom(e.address, e.address.BitLen()).String(),
		Family:      e.family,
		Description: e.description,
		Labels:      e.labels,
		Healthcheck: e.healthcheck,
	}
	return v
}

// read reads what can be given at creation and changed later. A health check
// is replaced as a whole.
func (e *elasticIP) read(f *wire.Fields) {
	f.RefuseNull()
	f.Text("description", &e.description, 0, wire.MaxText)
	f.Labels(&e.labels)
	if o := f.Object("healthcheck"); o != nil {
		e.healthcheck = readElasticHealthcheck(o)
	}
}

func readElasticHealthcheck(f *wire.Fields) *elasticHealthcheck {
	f.RefuseNull()
	f.Require("mode", "port")
	h := &elasticHealthcheck{Interval: 10, Timeout: 2, StrikesOK: 2, StrikesFail: 3}
	f.OneOf("mode", &h.Mode, "tcp", "http", "https")
	f.Integer("port", &h.Port, 1, wire.MaxPort)
	f.Text("uri", &h.URI, 1, wire.MaxText)
	f.Text("tls-sni", &h.TLSSNI, 1, wire.MaxText)
	f.Boolean("tls-skip-verify", &h.TLSSkipVerify)
	f.Integer("interval", &h.Interval, 5, 300)
	f.Integer("timeout", &h.Timeout, 2, 60)
	f.Integer("strikes-ok", &h.StrikesOK, 1, 20)
	f.Integer("strikes-fail", &h.StrikesFail, 1, 20)
	switch {
	case h.Timeout > h.Interval:
		f.Reject("%stimeout must not be above interval", f.Path)
	case h.Mode != "tcp" && h.URI == "":
		f.Reject("%suri is required with mode %s", f.Path, h.Mode)
	}
	return h
}

func (s *elasticIPs) create(r *request) (any, error) {
	f := r.fields()
	e := &elasticIP{id: s.world.IDs.UUID(), zone: r.zone, family: familyInet4}
	f.OneOf("addressfamily", &e.family, familyInet4, familyInet6)
	e.read(f)
	if err := f.Err(); err != nil {
		return nil, err
	}
	if err := s.checkQuota(r, 1); err != nil {
		return nil, err
	}
	return s.set(r, e.id, func() {
		if e.family == familyInet4 {
			e.address = s.addresses.Take()
		} else {
			e.address = s.world.IDs.Address6()
		}
		s.Add(e.id, e)
	})
}

func (s *elasticIPs) update(r *request) (any, error) {
	e, err := s.named(r)
	if err != nil {
		return nil, err
	}
	f := r.fields()
	changed := *e
	changed.read(f)
	if err := f.Err(); err != nil {
		return nil, err
	}
	return s.set(r, e.id, func() {
		e.description, e.labels, e.healthcheck = changed.description, changed.labels, changed.healthcheck
	})
}

func (s *elasticIPs) resetField(r *request) (any, error) {
	e, err := s.named(r)
	if err != nil {
		return nil, err
	}
	if r.params["field"] != "description" {
		return nil, wire.NotResettable(r.params["field"])
	}
	return s.set(r, e.id, func() { e.description = "" })
}

func (s *elasticIPs) delete(r *request) (any, error) {
	e, err := s.named(r)
	if err != nil {
		return nil, err
	}
	if err := s.unused(e.id); err != nil {
		return nil, err
	}
	return s.set(r, e.id, func() {
		s.Remove(e.id)
		if e.family == familyInet4 {
			s.addresses.Release(e.address)
		}
	})
}

func (s *elasticIPs) attach(r *request) (any, error) {
	return s.changeAttached(r, func(attached []wire.Ref, e wire.Ref) []wire.Ref {
		if slices.Contains(attached, e) {
			return attached
		}
		return append(slices.Clone(attached), e)
	})
}

func (s *elasticIPs) detach(r *request) (any, error) {
	return s.changeAttached(r, func(attached []wire.Ref, e wire.Ref) []wire.Ref {
		return slices.DeleteFunc(slices.Clone(attached), func(other wire.Ref) bool { return other == e })
	})
}

func (s *elasticIPs) changeAttached(r *request, edit func(attached []wire.Ref, e wire.Ref) []wire.Ref) (any, error) {
	e, err := s.named(r)
	if err != nil {
		return nil, err
	}
	i, err := s.instances.attached(r, r.fields())
	if err != nil {
		return nil, err
	}
	return s.set(r, e.id, func() {
		before := len(i.elasticIPs)
		if i.elasticIPs = edit(i.elasticIPs, wire.Ref{ID: e.id}); len(i.elasticIPs) == before {
			r.assume(wire.AssumesAttachedAlready)
		}
	})
}
