package exoapi

import (
	"encoding/base64"
	"slices"

	"github.com/exopool/exopool/fake/infra"
)

// A spec is what an instance is made from. Pools hold one for their members.
// What it points to is never changed, only replaced, so copies may share it.
type spec struct {
	instanceType *infra.InstanceType
	template     *template
	diskSize     int // GiB
	keys         []keyRef
	userData     string // base64, as given
	groups       []ref
	spreads      []ref
	networks     []ref // of pools; those of an instance are its interfaces
	elastics     []ref
	assignment   string // inet4, dual or none
	ipv6         bool
	secureBoot   bool
	tpm          bool
}

// Limits of a spec.
const (
	minDisk     = 10
	maxDisk     = 51200
	maxUserData = 32768 // characters of base64
	maxText     = 255
)

type ref struct {
	ID string `json:"id"`
}

type keyRef struct {
	Name string `json:"name"`
}

// readSpec reads the fields that instances and pools have in common.
// Assignments are the values that public-ip-assignment may take.
func (w *world) readSpec(f *fields, s *spec, assignments ...string) {
	w.readType(f, s)
	w.readTemplate(f, s)
	w.readKeys(f, s)
	w.readUserData(f, s)
	f.integer("disk-size", &s.diskSize, minDisk, maxDisk)
	f.refs("security-groups", &s.groups)
	for _, g := range s.groups {
		if w.groups.get(g.ID) == nil {
			f.fail(notFound("security group", g.ID))
		}
	}
	f.refs("anti-affinity-groups", &s.spreads)
	for _, g := range s.spreads {
		if w.spreads.get(g.ID) == nil {
			f.fail(notFound("anti-affinity group", g.ID))
		}
	}
	w.readDeployTarget(f)
	f.oneOf("public-ip-assignment", &s.assignment, assignments...)
	f.boolean("ipv6-enabled", &s.ipv6)
	f.boolean("secureboot-enabled", &s.secureBoot)
	f.boolean("tpm-enabled", &s.tpm)
	f.ignoredBoolean("application-consistent-snapshot-enabled")
	if t := s.instanceType; t != nil && s.diskSize > largestDisk(t) {
		f.reject("disk-size of type %s must not exceed %d", t.Size, largestDisk(t))
	}
}

func (w *world) readType(f *fields, s *spec) {
	var id string
	f.ref("instance-type", &id)
	if id == "" {
		return
	}
	s.instanceType = w.catalog.typeByID(id)
	switch {
	case s.instanceType == nil:
		f.fail(notFound("instance type", id))
	case !s.instanceType.Authorized:
		f.fail(forbidden("instance type %s is not authorized for this organization", s.instanceType.Size))
	}
}

func (w *world) readTemplate(f *fields, s *spec) {
	var id string
	f.ref("template", &id)
	if id == "" {
		return
	}
	if s.template = w.catalog.templateByID(id); s.template == nil {
		f.fail(notFound("template", id))
	}
}

// readKeys merges ssh-key and ssh-keys: the list counts if it names any.
// Clients send both, one of them empty.
func (w *world) readKeys(f *fields, s *spec) {
	list, cleared := f.objects("ssh-keys")
	cleared = f.clears("ssh-key") || f.given("ssh-key") || cleared
	if one := f.object("ssh-key"); one != nil && len(list) == 0 && len(one.values["name"]) > 0 {
		list = []*fields{one}
	}
	if len(list) == 0 {
		if cleared {
			s.keys = nil
		}
		return
	}
	keys := make([]keyRef, 0, len(list))
	for _, o := range list {
		o.require("name")
		var k keyRef
		o.text("name", &k.Name, 1, maxText)
		if w.keys.get(k.Name) == nil {
			f.fail(notFound("SSH key", k.Name))
		}
		if slices.Contains(keys, k) {
			f.reject("ssh-keys names %s twice", k.Name)
		}
		keys = append(keys, k)
	}
	s.keys = keys
}

func (w *world) readUserData(f *fields, s *spec) {
	f.text("user-data", &s.userData, 1, maxUserData)
	if _, err := base64.StdEncoding.DecodeString(s.userData); err != nil {
		f.reject("user-data must be base64")
	}
}

// readAttachments reads what the members of a pool are attached to.
func (w *world) readAttachments(f *fields, zone string, s *spec) {
	f.refs("private-networks", &s.networks)
	for _, n := range s.networks {
		if _, err := w.network(zone, n.ID); err != nil {
			f.fail(err)
		}
	}
	f.refs("elastic-ips", &s.elastics)
	for _, e := range s.elastics {
		if _, err := w.elasticIP(zone, e.ID); err != nil {
			f.fail(err)
		}
	}
}

// readDeployTarget refuses all: nobody has any.
func (w *world) readDeployTarget(f *fields) {
	var target string
	f.clears("deploy-target")
	if f.ref("deploy-target", &target); target != "" {
		f.fail(notFound("deploy target", target))
	}
}

// dual reports whether instances get an IPv6 address too.
func (s *spec) dual() bool { return s.assignment == "dual" || s.ipv6 }

// firstKey is what the older field, for one key, shows.
func (s *spec) firstKey() *keyRef {
	if len(s.keys) == 0 {
		return nil
	}
	return &s.keys[0]
}
