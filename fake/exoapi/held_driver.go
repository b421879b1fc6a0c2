package exoapi

import (
	"errors"
	"log/slog"

	"github.com/exopool/exopool/fake/machine/driverapi"
)

// A heldDriver keeps what a driver is to run while the past is made again, and
// hands it on once that is over: machines and load balancers that have come and
// gone are not run again.
type heldDriver struct {
	driverapi.Driver

	holding   bool
	machines  []driverapi.Machine // running, in the order of their starts
	balancers map[string]driverapi.Balancer
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

func (d *heldDriver) Balance(b driverapi.Balancer) error {
	if !d.holding {
		return d.Driver.Balance(b)
	}
	if d.balancers == nil {
		d.balancers = map[string]driverapi.Balancer{}
	}
	d.balancers[b.ID] = b
	return nil
}

func (d *heldDriver) Unbalance(id string) {
	if !d.holding {
		d.Driver.Unbalance(id)
		return
	}
	delete(d.balancers, id)
}

func (d *heldDriver) Health(balancerID, serviceID string) map[string]driverapi.Health {
	if d.holding {
		return nil
	}
	return d.Driver.Health(balancerID, serviceID)
}

// release hands on what is to run. What the driver cannot run is logged.
func (d *heldDriver) release(logger *slog.Logger) {
	d.holding = false
	for _, m := range d.machines {
		if err := d.Driver.Start(m); err != nil {
			logger.Warn("machine does not start", slog.String("instance", m.ID), slog.Any("err", err))
		}
	}
	for _, b := range d.balancers {
		if err := d.Driver.Balance(b); err != nil {
			logger.Warn("load balancer does not start", slog.String("balancer", b.ID), slog.Any("err", err))
		}
	}
	d.machines, d.balancers = nil, nil
}
