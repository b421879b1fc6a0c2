package machine

import (
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/exopool/exopool/fake/exoapi"
)

// A Memory driver runs nothing: it only knows what should run. A machine is
// healthy once its boot time has passed on the driver's clock, unless it was
// marked otherwise.
type Memory struct {
	now func() time.Time

	mu        sync.Mutex
	up        map[string]time.Time // when a machine that is on has booted
	unhealthy map[string]bool
	balancers map[string]exoapi.Balancer
}

var _ exoapi.Machines = (*Memory)(nil)

// NewMemory returns a driver without machines. now is the world's clock.
func NewMemory(now func() time.Time) *Memory {
	return &Memory{
		now: now, up: map[string]time.Time{}, unhealthy: map[string]bool{},
		balancers: map[string]exoapi.Balancer{},
	}
}

// Networks returns the halves of 198.18.0.0/15, the range for benchmarks of
// RFC 2544, which is never routed: 65,536 addresses each.
func (*Memory) Networks() (instances, balancers netip.Prefix) {
	return halves(netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 18}), 15))
}

// Start powers a machine on.
func (d *Memory) Start(m exoapi.Machine) error {
	if instances, _ := d.Networks(); !instances.Contains(m.Address) {
		return fmt.Errorf("start machine %s: address %v is not in %v", m.Name, m.Address, instances)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, on := d.up[m.ID]; !on {
		d.up[m.ID] = d.now().Add(m.BootTime)
	}
	return nil
}

// Stop powers a machine off.
func (d *Memory) Stop(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.up, id)
}

// Destroy removes a machine, and a mark with it.
func (d *Memory) Destroy(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.up, id)
	delete(d.unhealthy, id)
}

// SetHealthy marks a machine: one that is not healthy fails every check
// although it is on. Machines are healthy by default; a mark may come before
// the machine.
func (d *Memory) SetHealthy(id string, healthy bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if healthy {
		delete(d.unhealthy, id)
	} else {
		d.unhealthy[id] = true
	}
}

// Running reports whether a machine is on and has booted.
func (d *Memory) Running(id string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.running(id)
}

func (d *Memory) running(id string) bool {
	at, on := d.up[id]
	return on && !d.now().Before(at)
}

// Balance remembers the load balancer.
func (d *Memory) Balance(b exoapi.Balancer) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.balancers[b.ID] = b
	return nil
}

// Unbalance forgets the load balancer.
func (d *Memory) Unbalance(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.balancers, id)
}

// Health says "success" for targets that are running and not marked, and
// "failure" for the others.
func (d *Memory) Health(balancerID, serviceID string) map[string]exoapi.Health {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.balancers[balancerID].Services {
		if s.ID != serviceID {
			continue
		}
		said := make(map[string]exoapi.Health, len(s.Targets))
		for _, t := range s.Targets {
			said[t.MachineID] = exoapi.HealthFailure
			if d.running(t.MachineID) && !d.unhealthy[t.MachineID] {
				said[t.MachineID] = exoapi.HealthSuccess
			}
		}
		return said
	}
	return nil
}
