package exoapi

import (
	"strings"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
)

// power accepts a start or stop of an instance in one of the given states.
func (s *instances) power(r *request, act func(*instance, *world.Operation), states ...string) (any, error) {
	i, err := s.changeable(r)
	if err != nil {
		return nil, err
	}
	if err := i.require(states); err != nil {
		return nil, err
	}
	return s.world.ChangeOf(r.operationID, s.kind, i.id, func(op *world.Operation) { act(i, op) }), nil
}

// setOn accepts a change of an instance that is done at once.
func (s *instances) setOn(r *request, i *instance, act func()) (any, error) {
	return s.set(r, i.id, func() {
		act()
		s.changed(i)
	})
}

// require refuses an instance that is in none of the states.
func (i *instance) require(states []string) error {
	for _, state := range states {
		if i.state == state {
			return nil
		}
	}
	if len(states) == 0 {
		return nil
	}
	return wire.Conflict("instance %s is %s, not %s", i.id, i.state, strings.Join(states, " or "))
}

func (s *instances) create(r *request) (any, error) {
	f := r.fields()
	f.Require("instance-type", "template", "disk-size")
	f.RefuseNull()
	var name string
	var labels map[string]string
	spec := instanceSpec{assignment: assignmentInet4}
	autoStart := true
	f.Hostname("name", &name, wire.MaxText)
	f.Labels(&labels)
	f.Boolean("auto-start", &autoStart)
	s.specs.read(f, r.zone, &spec, assignmentInet4, assignmentDual, assignmentNone)
	if err := f.Err(); err != nil {
		return nil, err
	}
	if err := s.checkQuota(r, 1); err != nil {
		return nil, err
	}
	// The operation names the instance even if a fault keeps it from coming
	// into being, so it needs its id first.
	id := s.world.IDs.UUID()
	return s.change(r, id, func(op *world.Operation) {
		groups := s.specs.antiAffinityGroups
		if err := groups.checkRoom(spec.antiAffinityGroups, r.operationID, 1); err != nil {
			r.assume(wire.AssumesGroupFull)
			groups.refuse(op, err)
			return
		}
		if name == "" {
			name = "VM-" + id
		}
		i := s.add(id, r.zone, name, spec)
		i.labels = labels
		if autoStart {
			s.start(i, op)
			return
		}
		s.enter(i, instanceStarting, op, func() {
			s.setState(i, instanceStopped)
			s.world.Succeed(op)
		})
	})
}

func (s *instances) update(r *request) (any, error) {
	f := r.fields()
	i, err := s.changeable(r)
	if err != nil {
		return nil, err
	}
	name, labels, spec := i.name, i.labels, i.instanceSpec
	f.Hostname("name", &name, wire.MaxText)
	if f.Clears("labels") {
		labels = nil
	}
	f.Labels(&labels)
	readUserData(f, &spec)
	f.OneOf("public-ip-assignment", &spec.assignment, assignmentInet4, assignmentDual, assignmentNone)
	f.Boolean("application-consistent-snapshot-enabled", &spec.consistent)
	if err := f.Err(); err != nil {
		return nil, err
	}
	if spec.assignment != i.assignment && (i.assignment != assignmentInet4 || spec.assignment != assignmentDual) {
		return nil, wire.Invalid("bad request: public-ip-assignment can only change from inet4 to dual")
	}
	return s.setOn(r, i, func() {
		i.name, i.labels, i.instanceSpec = name, labels, spec
		if spec.dual() && i.address6 == "" {
			i.address6 = s.world.IDs.Address6().String()
		}
	})
}

func (s *instances) resetField(r *request) (any, error) {
	i, err := s.changeable(r)
	if err != nil {
		return nil, err
	}
	if r.params["field"] != "labels" {
		return nil, wire.NotResettable(r.params["field"])
	}
	return s.setOn(r, i, func() { i.labels = nil })
}

func (s *instances) handleStart(r *request) (any, error) {
	f := r.fields()
	var profile string
	f.OneOf("rescue-profile", &profile, "netboot", "netboot-efi")
	if err := f.Err(); err != nil {
		return nil, err
	}
	return s.power(r, s.start, instanceStopped)
}

func (s *instances) handleStop(r *request) (any, error) {
	return s.power(r, s.stop, instanceRunning, instanceError)
}

func (s *instances) handleReboot(r *request) (any, error) {
	i, err := s.changeable(r)
	if err != nil {
		return nil, err
	}
	if err := i.require([]string{instanceRunning, instanceError}); err != nil {
		return nil, err
	}
	return s.change(r, i.id, func(op *world.Operation) { s.reboot(i, op) })
}

// handleReset takes the template and the disk size that it has, unless others
// are given. Unlike other changes of the disk's size, it may make it smaller.
func (s *instances) handleReset(r *request) (any, error) {
	f := r.fields()
	i, err := s.changeable(r)
	if err != nil {
		return nil, err
	}
	spec := i.instanceSpec
	s.specs.readTemplate(f, r.zone, &spec)
	f.Integer("disk-size", &spec.diskSize, minDisk, min(maxDisk, largestDisk(spec.instanceType)))
	if err := f.Err(); err != nil {
		return nil, err
	}
	if i.state != instanceStopped {
		return nil, wire.Invalid("The instance needs to be stopped.")
	}
	return s.setOn(r, i, func() { s.reset(i, spec) })
}

func (s *instances) scale(r *request) (any, error) {
	f := r.fields()
	f.Require("instance-type")
	i, err := s.changeable(r)
	if err != nil {
		return nil, err
	}
	spec := i.instanceSpec
	s.specs.readType(f, r.zone, &spec)
	if err := f.Err(); err != nil {
		return nil, err
	}
	if err := i.require([]string{instanceStopped}); err != nil {
		return nil, err
	}
	switch t := spec.instanceType; {
	case !scalable(i.instanceType.Family, t.Family):
		return nil, wire.Invalid("bad request: an instance of family %s cannot become one of family %s", i.instanceType.Family, t.Family)
	case spec.diskSize > largestDisk(t):
		return nil, wire.Invalid("bad request: the disk is too large for type %s", t.Size)
	case tooSmallForVolumes(t.Size) && s.volumes.attachedTo(i.id) > 0:
		return nil, wire.Invalid("bad request: type %s is too small for the block storage volumes of instance %s", t.Size, i.id)
	}
	return s.setOn(r, i, func() { i.instanceSpec = spec })
}

func (s *instances) resizeDisk(r *request) (any, error) {
	f := r.fields()
	f.Require("disk-size")
	i, err := s.changeable(r)
	if err != nil {
		return nil, err
	}
	size := i.diskSize
	f.Integer("disk-size", &size, minDisk, min(maxDisk, largestDisk(i.instanceType)))
	if err := f.Err(); err != nil {
		return nil, err
	}
	if size < i.diskSize {
		return nil, wire.Invalid("bad request: the disk has %d GiB and cannot shrink", i.diskSize)
	}
	if err := i.require([]string{instanceStopped}); err != nil {
		return nil, err
	}
	return s.setOn(r, i, func() { i.diskSize = size })
}

func (s *instances) protect(r *request) (any, error) {
	i, err := s.changeable(r)
	if err != nil {
		return nil, err
	}
	return s.setOn(r, i, func() { i.protected = true })
}

func (s *instances) unprotect(r *request) (any, error) {
	i, err := s.changeable(r)
	if err != nil {
		return nil, err
	}
	return s.setOn(r, i, func() { i.protected = false })
}

// delete also takes members of pools; their pool replaces them.
func (s *instances) delete(r *request) (any, error) {
	i, err := s.changeable(r)
	if err != nil {
		return nil, err
	}
	if i.protected {
		return nil, i.heldByProtection(r)
	}
	return s.change(r, i.id, func(op *world.Operation) { s.destroy(i, r.operationID, op) })
}

// heldByProtection has the original's wording.
func (i *instance) heldByProtection(r *request) error {
	return wire.Held(r.operationID, i.id, "manual instance protection")
}
