package exoapi

import (
	"errors"

	"github.com/exopool/exopool/fake/machine/driverapi"
)

// A heldDriver keeps which machines a driver is to run while the past is made
// again, and hands them on once that is over: those that have come and gone are
// not run again.
type heldDriver struct {
	driverapi.Driver

	holding  bool
	machines []driverapi.Machine // running, in the order of their starts
}

func (d *heldDriver) Start(m driverapi.Machine) error {
	if !d.holding {
		return d.Driver.Start(m)
	}
	d.forget(m.ID)
	d.machines = append(d.machines, m)
	return nil
}

func (d *heldDriver) Stop(id string) {
	if !d.holding {
		d.Driver.Stop(id)
		return
	}
	d.forget(id)
}

func (d *heldDriver) Destroy(id string) {
	if !d.holding {
		d.Driver.Destroy(id)
		return
	}
	d.forget(id)
}

// Kill implements [driverapi.Killer], as far as the driver does.
func (d *heldDriver) Kill(id string) error {
	if killer, ok := d.Driver.(driverapi.Killer); ok && !d.holding {
		return killer.Kill(id)
	}
	return errors.ErrUnsupported
}

func (d *heldDriver) forget(id string) {
	for n, m := range d.machines {
		if m.ID == id {
			d.machines = append(d.machines[:n], d.machines[n+1:]...)
			return
		}
	}
}

// Balance implements [driverapi.Driver]. All load balancers are set up once the
// past is over.
func (d *heldDriver) Balance(b driverapi.Balancer) error {
	if d.holding {
		return nil
	}
	return d.Driver.Balance(b)
}

func (d *heldDriver) Unbalance(id string) {
	if !d.holding {
		d.Driver.Unbalance(id)
	}
}

func (d *heldDriver) Health(balancerID, serviceID string) map[string]driverapi.Health {
	if d.holding {
		return nil
	}
	return d.Driver.Health(balancerID, serviceID)
}

// release ends the past. It returns the machines that are to run, in the order of
// their starts.
func (d *heldDriver) release() []driverapi.Machine {
	machines := d.machines
	d.holding, d.machines = false, nil
	return machines
}
