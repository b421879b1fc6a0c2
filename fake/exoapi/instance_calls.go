package exoapi

import "strings"

// instance finds the one that the path names.
func (r *request) instance() (*instance, error) { return r.world.instance(r.zone, r.id()) }

// changeable finds it, too, unless it is on its way out.
func (r *request) changeable() (*instance, error) {
	i, err := r.instance()
	if err == nil && i.state == instanceDestroying {
		err = conflict("instance %s is being destroyed", i.id)
	}
	return i, err
}

// changeInstance is a change of an instance in one of the given states, or in
// any if none is given.
func (r *request) changeInstance(act func(*instance, *operation), states ...string) (any, error) {
	i, err := r.changeable()
	if err != nil {
		return nil, err
	}
	if err := i.must(states); err != nil {
		return nil, err
	}
	return r.change("instance", i.id, func(op *operation) { act(i, op) })
}

// setInstance is a change of an instance that is done as soon as it is
// accepted.
func (r *request) setInstance(i *instance, act func()) (any, error) {
	return r.set("instance", i.id, func() {
		act()
		i.listed = nil
	})
}

// must refuses an instance that is in none of the states.
func (i *instance) must(states []string) error {
	for _, s := range states {
		if i.state == s {
			return nil
		}
	}
	if len(states) == 0 {
		return nil
	}
	return conflict("instance %s is %s, not %s", i.id, i.state, strings.Join(states, " or "))
}

// validHostname allows the characters of a host name's label.
func validHostname(s string) bool {
	return strings.Trim(s, alphanumeric+"-") == ""
}

func (f *fields) hostname(key string, to *string, most int) {
	f.text(key, to, 1, most)
	if !validHostname(*to) {
		f.reject("%s%s must consist of letters, digits and '-'", f.path, key)
	}
}

func createInstance(r *request) (any, error) {
	w, f := r.world, r.fields()
	f.require("instance-type", "template", "disk-size")
	f.refuseNull()
	var name string
	var labels map[string]string
	s := spec{assignment: "inet4"}
	autoStart := true
	f.hostname("name", &name, maxText)
	f.labels(&labels)
	f.boolean("auto-start", &autoStart)
	w.readSpec(f, &s, "inet4", "dual", "none")
	if err := f.problem(); err != nil {
		return nil, err
	}
	if err := w.room(quotaInstances, r.operationID, 1); err != nil {
		return nil, err
	}
	// The operation names the instance even if a fault keeps it from coming
	// into being, so it needs its id first.
	id := w.ids.uuid()
	return r.change("instance", id, func(op *operation) {
		if name == "" {
			name = "VM-" + id
		}
		i := w.newInstance(id, r.zone, name, s)
		i.labels = labels
		if autoStart {
			w.start(i, op)
			return
		}
		w.enter(i, instanceStarting, op, func() {
			i.become(instanceStopped)
			w.succeed(op)
		})
	})
}

func updateInstance(r *request) (any, error) {
	w, f := r.world, r.fields()
	i, err := r.changeable()
	if err != nil {
		return nil, err
	}
	name, labels, s := i.name, i.labels, i.spec
	f.hostname("name", &name, maxText)
	if f.clears("labels") {
		labels = nil
	}
	f.labels(&labels)
	w.readUserData(f, &s)
	f.oneOf("public-ip-assignment", &s.assignment, "inet4", "dual", "none")
	f.ignoredBoolean("application-consistent-snapshot-enabled")
	if err := f.problem(); err != nil {
		return nil, err
	}
	if s.assignment != i.assignment && (i.assignment != "inet4" || s.assignment != "dual") {
		return nil, invalid("bad request: public-ip-assignment can only change from inet4 to dual")
	}
	return r.setInstance(i, func() {
		i.name, i.labels, i.spec = name, labels, s
		if s.dual() && i.address6 == "" {
			i.address6 = w.address6()
		}
	})
}

func resetInstanceField(r *request) (any, error) {
	i, err := r.changeable()
	if err != nil {
		return nil, err
	}
	if r.params["field"] != "labels" {
		return nil, invalid("bad request: field %q cannot be reset", r.params["field"])
	}
	return r.setInstance(i, func() { i.labels = nil })
}

func startInstance(r *request) (any, error) {
	f := r.fields()
	var profile string
	f.oneOf("rescue-profile", &profile, "netboot", "netboot-efi")
	if err := f.problem(); err != nil {
		return nil, err
	}
	return r.changeInstance(r.world.start, instanceStopped)
}

func stopInstance(r *request) (any, error) {
	return r.changeInstance(r.world.stop, instanceRunning, instanceError)
}

func rebootInstance(r *request) (any, error) {
	return r.changeInstance(r.world.reboot, instanceRunning, instanceError)
}

// resetInstance takes the template and the disk size that it has, unless others
// are given. Unlike other changes of the disk's size, it may make it smaller.
func resetInstance(r *request) (any, error) {
	f := r.fields()
	i, err := r.changeable()
	if err != nil {
		return nil, err
	}
	s := i.spec
	r.world.readTemplate(f, &s)
	f.integer("disk-size", &s.diskSize, minDisk, min(maxDisk, largestDisk(s.instanceType)))
	if err := f.problem(); err != nil {
		return nil, err
	}
	act := func(i *instance, op *operation) { r.world.reset(i, s, op) }
	return r.changeInstance(act, instanceRunning, instanceStopped, instanceError)
}

func scaleInstance(r *request) (any, error) {
	f := r.fields()
	f.require("instance-type")
	i, err := r.changeable()
	if err != nil {
		return nil, err
	}
	s := i.spec
	r.world.readType(f, &s)
	if err := f.problem(); err != nil {
		return nil, err
	}
	if err := i.must([]string{instanceStopped}); err != nil {
		return nil, err
	}
	if s.diskSize > largestDisk(s.instanceType) {
		return nil, invalid("bad request: the disk is too large for type %s", s.instanceType.Size)
	}
	return r.setInstance(i, func() { i.spec = s })
}

func resizeInstanceDisk(r *request) (any, error) {
	f := r.fields()
	f.require("disk-size")
	i, err := r.changeable()
	if err != nil {
		return nil, err
	}
	size := i.diskSize
	f.integer("disk-size", &size, minDisk, min(maxDisk, largestDisk(i.instanceType)))
	if err := f.problem(); err != nil {
		return nil, err
	}
	if size < i.diskSize {
		return nil, invalid("bad request: the disk has %d GiB and cannot shrink", i.diskSize)
	}
	if err := i.must([]string{instanceStopped}); err != nil {
		return nil, err
	}
	return r.setInstance(i, func() { i.diskSize = size })
}

func protectInstance(r *request) (any, error) {
	i, err := r.changeable()
	if err != nil {
		return nil, err
	}
	return r.setInstance(i, func() { i.protected = true })
}

func unprotectInstance(r *request) (any, error) {
	i, err := r.changeable()
	if err != nil {
		return nil, err
	}
	return r.setInstance(i, func() { i.protected = false })
}

// deleteInstance also takes members of pools; their pool replaces them.
func deleteInstance(r *request) (any, error) {
	i, err := r.changeable()
	if err != nil {
		return nil, err
	}
	if i.protected {
		return nil, i.lockedByProtection("destroyInstance")
	}
	return r.change("instance", i.id, func(op *operation) { r.world.destroy(i, op) })
}

func (i *instance) lockedByProtection(operation string) error {
	return locked(operation, i.id, "destroy protection")
}
