package exoapi

import (
	"net/netip"
	"slices"
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
	pointer     string // reverse DNS record; empty without one
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
	Labels      map[string]string   `json:"labels"`
	Healthcheck *elasticHealthcheck `json:"healthcheck,omitempty"`
}

const (
	familyInet4 = "inet4"
	familyInet6 = "inet6"
)

func elasticIPRoutes() []*route {
	return []*route{
		get("/elastic-ip", "list-elastic-ips", listElasticIPs),
		post("/elastic-ip", "create-elastic-ip", createElasticIP),
		get("/elastic-ip/{id}", "get-elastic-ip", getElasticIP),
		put("/elastic-ip/{id}", "update-elastic-ip", updateElasticIP),
		del("/elastic-ip/{id}", "delete-elastic-ip", deleteElasticIP),
		del("/elastic-ip/{id}/{field}", "reset-elastic-ip-field", resetElasticIPField),
		put("/elastic-ip/{id}:attach", "attach-instance-to-elastic-ip", attachElasticIP),
		put("/elastic-ip/{id}:detach", "detach-instance-from-elastic-ip", detachElasticIP),
		get("/reverse-dns/elastic-ip/{id}", "get-reverse-dns-elastic-ip", getElasticPointer),
		post("/reverse-dns/elastic-ip/{id}", "update-reverse-dns-elastic-ip", setElasticPointer),
		del("/reverse-dns/elastic-ip/{id}", "delete-reverse-dns-elastic-ip", deleteElasticPointer),
	}
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
	if v.Labels == nil {
		v.Labels = map[string]string{}
	}
	return v
}

// elasticIP finds one in a zone.
func (w *world) elasticIP(zone, id string) (*elasticIP, error) {
	e := w.elastics.get(id)
	if e == nil || e.zone != zone {
		return nil, notFound("elastic IP", id)
	}
	return e, nil
}

func (r *request) elasticIP() (*elasticIP, error) { return r.world.elasticIP(r.zone, r.id()) }

func listElasticIPs(r *request) (any, error) {
	var views []elasticIPView
	for e := range r.world.elastics.all() {
		if e.zone == r.zone {
			views = append(views, e.view())
		}
	}
	return list("elastic-ips", views), nil
}

func getElasticIP(r *request) (any, error) {
	e, err := r.elasticIP()
	if err != nil {
		return nil, err
	}
	return e.view(), nil
}

// read reads what can be given at creation and changed later. A health check
// is replaced as a whole.
func (e *elasticIP) read(f *fields) {
	f.refuseNull()
	f.text("description", &e.description, 0, maxText)
	f.labels(&e.labels)
	if o := f.object("healthcheck"); o != nil {
		e.healthcheck = readElasticHealthcheck(o)
	}
}

func readElasticHealthcheck(f *fields) *elasticHealthcheck {
	f.refuseNull()
	f.require("mode", "port")
	h := &elasticHealthcheck{Interval: 10, Timeout: 2, StrikesOK: 2, StrikesFail: 3}
	f.oneOf("mode", &h.Mode, "tcp", "http", "https")
	f.integer("port", &h.Port, 1, maxPort)
	f.text("uri", &h.URI, 1, maxText)
	f.text("tls-sni", &h.TLSSNI, 1, maxText)
	f.boolean("tls-skip-verify", &h.TLSSkipVerify)
	f.integer("interval", &h.Interval, 5, 300)
	f.integer("timeout", &h.Timeout, 2, 60)
	f.integer("strikes-ok", &h.StrikesOK, 1, 20)
	f.integer("strikes-fail", &h.StrikesFail, 1, 20)
	switch {
	case h.Timeout > h.Interval:
		f.reject("%stimeout must not be above interval", f.path)
	case h.Mode != "tcp" && h.URI == "":
		f.reject("%suri is required with mode %s", f.path, h.Mode)
	}
	return h
}

func createElasticIP(r *request) (any, error) {
	w, f := r.world, r.fields()
	e := &elasticIP{id: w.ids.uuid(), zone: r.zone, family: familyInet4}
	f.oneOf("addressfamily", &e.family, familyInet4, familyInet6)
	e.read(f)
	if err := f.problem(); err != nil {
		return nil, err
	}
	if err := w.room(quotaElasticIPs, r.operationID, 1); err != nil {
		return nil, err
	}
	return r.set("elastic-ip", e.id, func() {
		if e.family == familyInet4 {
			e.address = w.publicIPs.take()
		} else {
			e.address = netip.MustParseAddr(w.address6())
		}
		w.elastics.add(e.id, e)
	})
}

func updateElasticIP(r *request) (any, error) {
	e, err := r.elasticIP()
	if err != nil {
		return nil, err
	}
	f := r.fields()
	changed := *e
	changed.read(f)
	if err := f.problem(); err != nil {
		return nil, err
	}
	return r.set("elastic-ip", e.id, func() {
		e.description, e.labels, e.healthcheck = changed.description, changed.labels, changed.healthcheck
	})
}

func resetElasticIPField(r *request) (any, error) {
	e, err := r.elasticIP()
	if err != nil {
		return nil, err
	}
	if r.params["field"] != "description" {
		return nil, invalid("bad request: field %q cannot be reset", r.params["field"])
	}
	return r.set("elastic-ip", e.id, func() { e.description = "" })
}

func deleteElasticIP(r *request) (any, error) {
	e, err := r.elasticIP()
	if err != nil {
		return nil, err
	}
	if user := r.world.inUse(e.id); user != "" {
		return nil, conflict("elastic IP %s is in use by %s", e.id, user)
	}
	return r.set("elastic-ip", e.id, func() {
		r.world.elastics.remove(e.id)
		if e.family == familyInet4 {
			r.world.publicIPs.release(e.address)
		}
	})
}

func attachElasticIP(r *request) (any, error) {
	return r.changeElastics(func(attached []ref, e ref) []ref {
		if slices.Contains(attached, e) {
			return attached
		}
		return append(slices.Clone(attached), e)
	})
}

func detachElasticIP(r *request) (any, error) {
	return r.changeElastics(func(attached []ref, e ref) []ref {
		return slices.DeleteFunc(slices.Clone(attached), func(other ref) bool { return other == e })
	})
}

func (r *request) changeElastics(edit func(attached []ref, e ref) []ref) (any, error) {
	e, err := r.elasticIP()
	if err != nil {
		return nil, err
	}
	i, err := r.attached(r.fields())
	if err != nil {
		return nil, err
	}
	return r.set("elastic-ip", e.id, func() { i.elastics = edit(i.elastics, ref{e.id}) })
}

// elasticPointer is the reverse DNS record of the address that the path names.
func (r *request) elasticPointer() (*string, error) {
	e, err := r.elasticIP()
	if err != nil {
		return nil, err
	}
	return &e.pointer, nil
}

func getElasticPointer(r *request) (any, error) { return r.getPointer(r.elasticPointer()) }

func setElasticPointer(r *request) (any, error) {
	return r.setPointer("reverse-dns/elastic-ip")(r.elasticPointer())
}

func deleteElasticPointer(r *request) (any, error) {
	return r.deletePointer("reverse-dns/elastic-ip")(r.elasticPointer())
}
