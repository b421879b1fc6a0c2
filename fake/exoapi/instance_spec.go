package exoapi

import (
	"encoding/base64"
	"slices"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/machine/driverapi"
)

// An instanceSpec is what an instance is made from. Pools hold one for their
// members. What it points to is never changed, only replaced, so copies may
// share it.
type instanceSpec struct {
	instanceType *driverapi.InstanceType
	template     *template
	diskSize     int // GiB
	sshKeys      []keyRef
	userData     string // base64, as given
	assignment   string // of public addresses
	secureBoot   bool
	tpm          bool
	consistent   bool // snapshots are consistent for applications; kept, as there are none

	securityGroups     []wire.Ref
	antiAffinityGroups []wire.Ref
	privateNetworks    []wire.Ref // of pools; those of an instance are its interfaces
	elasticIPs         []wire.Ref
}

// Assignments of public addresses to instances.
const (
	assignmentInet4 = "inet4"
	assignmentDual  = "dual" // IPv6, too
	assignmentNone  = "none"
)

// Limits of specs.
const (
	minDisk     = 10
	maxDisk     = 51200
	maxUserData = 32768 // characters of base64
)

type keyRef struct {
	Name string `json:"name"`
}

// A specReader reads specs; it knows all that they may refer to.
type specReader struct {
	catalog            *catalog
	templates          *templates
	sshKeys            *sshKeys
	securityGroups     *securityGroups
	antiAffinityGroups *antiAffinityGroups
	privateNetworks    *privateNetworks
	elasticIPs         *elasticIPs
}

// read reads the fields that instances and pools have in common.
// Assignments are the values that public-ip-assignment may take.
func (sr *specReader) read(f *wire.Fields, zone string, s *instanceSpec, assignments ...string) {
	sr.readType(f, zone, s)
	sr.readTemplate(f, zone, s)
	sr.readKeys(f, s)
	readUserData(f, s)
	f.Integer("disk-size", &s.diskSize, minDisk, maxDisk)
	f.Refs("security-groups", &s.securityGroups)
	sr.securityGroups.exist(f, zone, s.securityGroups)
	f.Refs("anti-affinity-groups", &s.antiAffinityGroups)
	sr.antiAffinityGroups.exist(f, zone, s.antiAffinityGroups)
	readDeployTarget(f)
	readAssignment(f, s, assignments)
	f.Boolean("secureboot-enabled", &s.secureBoot)
	f.Boolean("tpm-enabled", &s.tpm)
	f.Boolean("application-consistent-snapshot-enabled", &s.consistent)
	if t := s.instanceType; t != nil && s.diskSize > largestDisk(t) {
		f.Reject("disk-size of type %s must not exceed %d", t.Size, largestDisk(t))
	}
}

func (sr *specReader) readType(f *wire.Fields, zone string, s *instanceSpec) {
	var id string
	f.Ref("instance-type", &id)
	if id == "" {
		return
	}
	s.instanceType = sr.catalog.typeByID(id)
	switch {
	case s.instanceType == nil:
		f.Fail(wire.NotFound("instance type", id))
	case !s.instanceType.Authorized:
		f.Fail(wire.Forbidden("instance type %s is not authorized for this organization", s.instanceType.Size))
	case !slices.Contains(s.instanceType.Zones, zone):
		f.Reject("instance type %s.%s is not offered in zone %s", s.instanceType.Family, s.instanceType.Size, zone)
	}
}

func (sr *specReader) readTemplate(f *wire.Fields, zone string, s *instanceSpec) {
	var id string
	f.Ref("template", &id)
	if id == "" {
		return
	}
	t, err := sr.templates.lookup(zone, id)
	if err != nil {
		f.Fail(err)
		return
	}
	s.template = t
}

// readKeys merges ssh-key and ssh-keys: the list counts if it names any.
// Clients send both, one of them empty.
func (sr *specReader) readKeys(f *wire.Fields, s *instanceSpec) {
	list, cleared := f.Objects("ssh-keys")
	cleared = f.Clears("ssh-key") || f.Given("ssh-key") || cleared
	if one := f.Object("ssh-key"); one != nil && one.Has("name") && len(list) == 0 {
		list = []*wire.Fields{one}
	}
	if len(list) == 0 {
		if cleared {
			s.sshKeys = nil
		}
		return
	}
	keys := make([]keyRef, 0, len(list))
	for _, o := range list {
		o.Require("name")
		var k keyRef
		o.Text("name", &k.Name, 1, wire.MaxText)
		if sr.sshKeys.Get(k.Name) == nil {
			f.Fail(wire.NotFound("SSH key", k.Name))
		}
		if slices.Contains(keys, k) {
			f.Reject("ssh-keys names %s twice", k.Name)
		}
		keys = append(keys, k)
	}
	s.sshKeys = keys
}

// readAssignment reads which public addresses instances get. The older field,
// which only says whether IPv6 is one of them, counts if the other is not there.
func readAssignment(f *wire.Fields, s *instanceSpec, assignments []string) {
	f.OneOf("public-ip-assignment", &s.assignment, assignments...)
	ipv6 := s.dual()
	f.Boolean("ipv6-enabled", &ipv6)
	switch {
	case f.Given("public-ip-assignment"):
	case ipv6:
		s.assignment = assignmentDual
	case s.dual():
		s.assignment = assignmentInet4
	}
}

func readUserData(f *wire.Fields, s *instanceSpec) {
	f.Text("user-data", &s.userData, 1, maxUserData)
	if _, err := base64.StdEncoding.DecodeString(s.userData); err != nil {
		f.Reject("user-data must be base64")
	}
}

// readAttachments reads what the members of a pool are attached to.
func (sr *specReader) readAttachments(f *wire.Fields, zone string, s *instanceSpec) {
	f.Refs("private-networks", &s.privateNetworks)
	sr.privateNetworks.exist(f, zone, s.privateNetworks)
	f.Refs("elastic-ips", &s.elasticIPs)
	sr.elasticIPs.exist(f, zone, s.elasticIPs)
}

// readDeployTarget refuses all: no organization has any.
func readDeployTarget(f *wire.Fields) {
	var target string
	f.Clears("deploy-target")
	if f.Ref("deploy-target", &target); target != "" {
		f.Fail(wire.NotFound("deploy target", target))
	}
}

// dual reports whether instances get an IPv6 address too.
func (s *instanceSpec) dual() bool { return s.assignment == assignmentDual }

// firstKey is what the older field, for one key, shows.
func (s *instanceSpec) firstKey() *keyRef {
	if len(s.sshKeys) == 0 {
		return nil
	}
	return &s.sshKeys[0]
}

// uses reports whether a group or an elastic IP is needed.
func (s *instanceSpec) uses(id string) bool {
	for _, refs := range [][]wire.Ref{s.securityGroups, s.antiAffinityGroups, s.elasticIPs} {
		if slices.Contains(refs, wire.Ref{ID: id}) {
			return true
		}
	}
	return false
}
