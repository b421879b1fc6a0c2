package exoapi

import (
	"net/netip"
	"time"

	"github.com/exopool/exopool/fake/exoapi/internal/world"
	"github.com/exopool/exopool/fake/machine/driverapi"
)

// A simulatedDriver is the driver of a cloud without machines: what was started
// is healthy once its boot time has passed.
type simulatedDriver struct {
	cfg     Config
	now     func() time.Time // the world's time
	booted  map[string]time.Time
	targets map[[2]string][]driverapi.Target // by load balancer and service
}

var _ driverapi.Driver = (*simulatedDriver)(nil)

func newSimulatedDriver(cfg Config, now func() time.Time) *simulatedDriver {
	return &simulatedDriver{cfg: cfg, now: now, booted: map[string]time.Time{}, targets: map[[2]string][]driverapi.Target{}}
}

func (d *simulatedDriver) Networks() (instances, balancers netip.Prefix) {
	return d.cfg.InstanceNetwork, d.cfg.BalancerNetwork
}

func (d *simulatedDriver) Start(machine driverapi.Machine) error {
	if _, ok := d.booted[machine.ID]; !ok {
		d.booted[machine.ID] = d.now().Add(machine.BootTime)
	}
	return nil
}

// rescale makes boots that are under way take ratio times as long as they would.
func (d *simulatedDriver) rescale(ratio float64) {
	now := d.now()
	for id, at := range d.booted {
		if at.After(now) {
			d.booted[id] = now.Add(world.Bounded(float64(at.Sub(now)) * ratio))
		}
	}
}

func (d *simulatedDriver) Stop(id string)    { delete(d.booted, id) }
func (d *simulatedDriver) Destroy(id string) { delete(d.booted, id) }

func (d *simulatedDriver) Balance(b driverapi.Balancer) error {
	d.Unbalance(b.ID)
	for _, s := range b.Services {
		d.targets[[2]string{b.ID, s.ID}] = s.Targets
	}
	return nil
}

func (d *simulatedDriver) Unbalance(id string) {
	for key := range d.targets {
		if key[0] == id {
			delete(d.targets, key)
		}
	}
}

func (d *simulatedDriver) Health(balancerID, serviceID string) map[string]driverapi.Health {
	targets := d.targets[[2]string{balancerID, serviceID}]
	health := make(map[string]driverapi.Health, len(targets))
	for _, t := range targets {
		health[t.MachineID] = driverapi.HealthFailure
		if at, ok := d.booted[t.MachineID]; ok && !d.now().Before(at) {
			health[t.MachineID] = driverapi.HealthSuccess
		}
	}
	return health
}
