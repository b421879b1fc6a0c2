package exoapi

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"

	"github.com/exopool/exopool/fake/exoapi/internal/world"
	"github.com/exopool/exopool/fake/machine/driverapi"
)

// setState is the only way into another state.
func (s *instances) setState(i *instance, state string) {
	i.state = state
	s.changed(i)
}

// changed is called after every change of an instance.
func (s *instances) changed(i *instance) {
	i.encoded = nil
	s.meter(i.id, i)
}

// add makes an instance without a transition. One that names no security group
// is in the default one.
func (s *instances) add(id, zone, name string, spec instanceSpec) *instance {
	i := &instance{
		instanceSpec: spec,
		id:           id,
		name:         name,
		zone:         zone,
		created:      s.world.Timestamp(),
		mac:          s.world.IDs.MAC(0x06),
		password:     password{since: s.world.Now()},
	}
	if spec.assignment != assignmentNone {
		i.address = s.addresses.Take()
	}
	if spec.dual() {
		i.address6 = s.world.IDs.Address6().String()
	}
	if len(i.securityGroups) == 0 {
		i.securityGroups = s.specs.securityGroups.defaults()
	}
	s.Add(i.id, i)
	s.specs.securityGroups.changed()
	for _, n := range spec.privateNetworks {
		s.specs.privateNetworks.connect(i, s.specs.privateNetworks.Get(n.ID), netip.Addr{})
	}
	return i
}

// enter puts an instance into a state and runs then once it has been there
// long enough. A transition under way is cut short, and its operation fails.
func (s *instances) enter(i *instance, state string, op *world.Operation, then func()) {
	s.world.Fail(i.op, "interrupted", "instance "+i.id+" is "+state)
	i.transition++
	transition := i.transition
	s.setState(i, state)
	i.op = op
	wait := s.timing.InstanceStart
	switch state {
	case instanceStopping:
		wait = s.timing.Stop
	case instanceDestroying:
		wait = s.timing.Destroy
	}
	after := s.world.After
	if state == instanceDestroying && i.grace > s.world.Paced(wait) {
		after, wait = s.world.AfterReal, i.grace
	}
	after(wait, func() {
		if i.transition == transition {
			i.op = nil
			then()
		}
	})
}

// start brings an instance to running.
func (s *instances) start(i *instance, op *world.Operation) {
	s.enter(i, instanceStarting, op, func() {
		i.starts++
		if err := s.powerOn(i); err != nil {
			s.logger.Warn("machine does not start", slog.String("instance", i.id), slog.Any("err", err))
			s.setState(i, instanceError)
			s.report(savedReport{i.id, instanceError, s.redact(err.Error()), i.starts})
			s.world.Fail(op, "fault", fmt.Sprintf("instance %s does not start: %v", i.id, err))
			s.pools.memberStarted(i, false)
			return
		}
		s.setState(i, instanceRunning)
		i.crashed, i.machineError = false, ""
		i.hasStarted = true
		s.world.Succeed(op)
		s.pools.memberStarted(i, true)
	})
}

// powerOn starts the machine of an instance, unless that is a start of the past
// that has failed.
func (s *instances) powerOn(i *instance) error {
	if reason, failed := s.failedStarts[start{i.id, i.starts}]; failed {
		return errors.New(reason)
	}
	if err := s.specs.securityGroups.applyFirewall(); err != nil {
		return err
	}
	return s.driver.Start(s.machine(i))
}

// machine returns an instance as drivers see it.
func (s *instances) machine(i *instance) driverapi.Machine {
	// Checked when it came in.
	data, _ := base64.StdEncoding.DecodeString(i.userData)
	var keys []string
	for _, k := range i.sshKeys {
		if key := s.specs.sshKeys.Get(k.Name); key != nil {
			keys = append(keys, key.public)
		}
	}
	return driverapi.Machine{
		ID:       i.id,
		Name:     i.name,
		Zone:     i.zone,
		Address:  i.address,
		Type:     *i.instanceType,
		Template: i.template.machineImage(), DefaultUser: cmp.Or(i.template.DefaultUser, i.template.imageUser),
		UserData: data,
		SSHKeys:  keys,
		BootTime: s.world.Paced(s.timing.Boot),
	}
}

// stop brings an instance to stopped.
func (s *instances) stop(i *instance, op *world.Operation) {
	s.driver.Stop(i.id)
	s.enter(i, instanceStopping, op, func() {
		s.setState(i, instanceStopped)
		s.world.Succeed(op)
	})
}

// reboot stops and starts an instance.
func (s *instances) reboot(i *instance, op *world.Operation) {
	s.driver.Stop(i.id)
	s.start(i, op)
}

// reset gives a stopped instance a new disk: its next start is a first boot.
func (s *instances) reset(i *instance, spec instanceSpec) {
	s.driver.Destroy(i.id)
	i.instanceSpec, i.machineError = spec, ""
}

// destroy removes an instance, as the call of an operation asks for. It leaves its
// pool and all that it is attached to at once, and its machine gets no more than
// the grace.
func (s *instances) destroy(i *instance, operationID string, op *world.Operation) {
	i.grace = s.removal.Grace
	if i.pool != nil {
		if _, killed := s.faults.take(FaultMemberKilled, operationID); killed {
			i.grace = 0
		}
		s.pools.memberLeaves(i, operationID)
	}
	s.world.Forget(i.id)
	s.powerOff(i)
	s.enter(i, instanceDestroying, op, func() {
		if i.address.IsValid() {
			s.addresses.Release(i.address)
		}
		s.Remove(i.id)
		s.specs.securityGroups.changed()
		s.world.Succeed(op)
		if i.pool != nil {
			s.pools.memberGone(i)
		}
	})
}

// powerOff ends the machine of an instance that is removed, just after load
// balancers were told to.
func (s *instances) powerOff(i *instance) {
	if i.grace > 0 {
		s.world.After(0, func() { s.driver.Stop(i.id) })
	}
	s.world.AfterReal(i.grace, func() { s.driver.Destroy(i.id) })
}

func (s *instances) destroyAll(list []*instance, operationID string) {
	for _, i := range list {
		s.destroy(i, operationID, nil)
	}
}
