package exoapi

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"

	"github.com/exopool/exopool/fake/infra"
)

// States of an instance.
const (
	instanceStarting   = "starting"
	instanceRunning    = "running"
	instanceStopping   = "stopping"
	instanceStopped    = "stopped"
	instanceDestroying = "destroying"
	instanceError      = "error"
)

// An instance is one machine, of its own or member of a pool.
//
//	starting ──▶ running ──▶ stopping ──▶ stopped ──▶ starting
//	    │            any ──▶ destroying ──▶ gone
//	    └──▶ error ◀── running, when the driver observes trouble
type instance struct {
	spec

	id, name, zone string
	state          string
	created        string
	labels         map[string]string
	address        netip.Addr // public IPv4; the zero Addr without one
	address6       string
	mac            string
	protected      bool
	nics           []*nic // in private networks
	pointer        string // reverse DNS record; empty without one

	pool    *pool  // nil for one of its own
	joining bool   // a member that has not run yet
	placed  bool   // powered on at least once, so load balancers know it
	sick    bool   // fails every health check, for ever
	crashed bool   // fails every health check until it is powered on again
	trouble string // what the driver observed

	// turn numbers transitions: an event of an earlier one does nothing.
	turn int
	op   *operation // waits for the transition under way; may be nil

	// listed is the instance as lists show it, encoded; nil after a change.
	// Lists of large pools are asked for all the time and change little.
	listed []byte
}

// become is the only way into another state.
func (i *instance) become(state string) {
	i.state = state
	i.listed = nil
}

// newInstance adds an instance that is not on its way anywhere yet.
func (w *world) newInstance(id, zone, name string, s spec) *instance {
	i := &instance{
		spec:    s,
		id:      id,
		name:    name,
		zone:    zone,
		created: w.timestamp(),
		mac:     w.ids.mac(0x06),
	}
	if s.assignment != "none" {
		i.address = w.publicIPs.take()
	}
	if s.dual() {
		i.address6 = w.address6()
	}
	w.instances.add(i.id, i)
	w.unguard()
	for _, n := range s.networks {
		w.connect(i, w.networks.get(n.ID), netip.Addr{})
	}
	return i
}

// address6 makes an address in the range for documentation.
func (w *world) address6() string {
	b := [16]byte{0x20, 0x01, 0x0d, 0xb8}
	copy(b[8:], w.ids.bytes(8))
	return netip.AddrFrom16(b).String()
}

// enter puts an instance into a state and runs then once it has been there
// long enough. A transition under way is cut short, and its operation fails.
func (w *world) enter(i *instance, state string, op *operation, then func()) {
	w.fail(i.op, "interrupted", "instance "+i.id+" is "+state)
	i.turn++
	turn := i.turn
	i.become(state)
	i.op = op
	wait := w.timing.InstanceStart
	switch state {
	case instanceStopping:
		wait = w.timing.Stop
	case instanceDestroying:
		wait = w.timing.Destroy
	}
	w.after(wait, func() {
		if i.turn == turn {
			i.op = nil
			then()
		}
	})
}

// start brings an instance to running.
func (w *world) start(i *instance, op *operation) {
	w.enter(i, instanceStarting, op, func() {
		err := w.guard()
		if err == nil {
			err = w.machines.Start(w.machine(i))
		}
		if err != nil {
			w.log.Warn("machine does not start", slog.String("instance", i.id), slog.Any("err", err))
			i.become(instanceError)
			w.fail(op, "fault", fmt.Sprintf("instance %s does not start: %v", i.id, err))
			w.joined(i, false)
			return
		}
		i.become(instanceRunning)
		i.crashed, i.trouble = false, ""
		i.placed = true
		w.succeed(op)
		w.joined(i, true)
	})
}

// machine is what the driver is told about an instance.
func (w *world) machine(i *instance) infra.Machine {
	// Checked when it came in.
	data, _ := base64.StdEncoding.DecodeString(i.userData)
	var keys []string
	for _, k := range i.keys {
		if key := w.keys.get(k.Name); key != nil {
			keys = append(keys, key.public)
		}
	}
	return infra.Machine{
		ID:       i.id,
		Name:     i.name,
		Zone:     i.zone,
		Address:  i.address,
		Type:     *i.instanceType,
		Template: i.template.Name,
		UserData: data,
		SSHKeys:  keys,
		BootTime: w.timing.Boot,
	}
}

// stop brings an instance to stopped.
func (w *world) stop(i *instance, op *operation) {
	w.machines.Stop(i.id)
	w.enter(i, instanceStopping, op, func() {
		i.become(instanceStopped)
		w.succeed(op)
	})
}

// reboot stops and starts an instance.
func (w *world) reboot(i *instance, op *operation) {
	w.machines.Stop(i.id)
	w.start(i, op)
}

// reset gives an instance a new disk and starts it: its first boot comes again.
func (w *world) reset(i *instance, s spec, op *operation) {
	w.machines.Destroy(i.id)
	i.spec, i.trouble = s, ""
	w.start(i, op)
}

// destroy makes an instance go away. Load balancers, private networks and the
// pool let go of it at once, the machine goes later.
func (w *world) destroy(i *instance, op *operation) {
	if i.pool != nil {
		w.leave(i)
	}
	for _, c := range i.nics {
		i.disconnect(c)
	}
	i.elastics = nil
	w.enter(i, instanceDestroying, op, func() {
		w.machines.Destroy(i.id)
		if i.address.IsValid() {
			w.publicIPs.release(i.address)
		}
		w.instances.remove(i.id)
		w.unguard()
		w.succeed(op)
		if i.pool != nil {
			w.left(i)
		}
	})
}

// instance finds one in a zone.
func (w *world) instance(zone, id string) (*instance, error) {
	i := w.instances.get(id)
	if i == nil || i.zone != zone {
		return nil, notFound("instance", id)
	}
	return i, nil
}

// uses reports whether a group or an elastic IP is needed.
func (s *spec) uses(id string) bool {
	for _, refs := range [][]ref{s.groups, s.spreads, s.elastics} {
		if slices.Contains(refs, ref{id}) {
			return true
		}
	}
	return false
}

// inUse tells by what a resource is used that will stay, or nothing.
func (w *world) inUse(id string) string {
	for i := range w.instances.all() {
		attached := func(c *nic) bool { return c.network.id == id }
		if i.state != instanceDestroying && (i.uses(id) || slices.ContainsFunc(i.nics, attached)) {
			return "instance " + i.id
		}
	}
	for p := range w.pools.all() {
		if p.state != poolDestroying && (p.uses(id) || slices.Contains(p.networks, ref{id})) {
			return "instance pool " + p.id
		}
	}
	return ""
}
