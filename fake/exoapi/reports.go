package exoapi

import (
	"fmt"
	"log/slog"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
)

// A savedReport is what a driver said of a machine, and what it made of the
// instance. Nothing that is saved besides leads to it.
type savedReport struct {
	ID    string `json:"id"`
	State string `json:"state"` // of the instance from then on
	Error string `json:"error,omitempty"`
	// Start is which of its starts failed, counted from 1; 0 if it is about none
	// of them.
	Start int `json:"start,omitempty"`
}

// A start is one of the starts of an instance, counted from 1.
type start struct {
	id     string
	number int
}

// noteReport notes a report. Faults do not change with it.
func (c *Cloud) noteReport(r savedReport) {
	if c.cfg.KeepChanges && !c.journal.repeating {
		c.note(entry{Machine: &r})
	}
}

// repeatReport makes of an instance what a report made of it. A start that failed
// fails again by itself.
func (c *Cloud) repeatReport(r savedReport) error {
	i := c.instances.Get(r.ID)
	switch {
	case r.State != instanceError && r.State != instanceStopped:
		return fmt.Errorf("machines do not make instances %q", r.State)
	case r.Start > 0:
		return nil
	case i == nil:
		return wire.NotFound("instance", r.ID)
	case r.State == instanceStopped || r.Error == "": // it does not run
		c.instances.driver.Stop(i.id)
	}
	c.instances.found(i, r.State, r.Error)
	return nil
}

// failedStarts returns the starts that failed, and why.
func (s *savedState) failedStarts() map[start]string {
	fails := map[start]string{}
	for _, e := range s.entries {
		if r := e.Machine; r != nil && r.Start > 0 {
			fails[start{r.ID, r.Start}] = r.Error
		}
	}
	return fails
}

// release lets a driver run what there is after a load.
func (c *Cloud) release(held *heldDriver) {
	c.securityGroups.enforce(c.driver)
	for _, m := range held.release() {
		err := c.driver.Start(m)
		if err == nil {
			continue
		}
		c.cfg.Logger.Warn("machine does not start", slog.String("instance", m.ID), slog.Any("err", err))
		if i := c.instances.Get(m.ID); i != nil {
			c.instances.found(i, instanceError, "")
			c.noteReport(savedReport{ID: m.ID, State: instanceError})
		}
	}
	for b := range c.balancers.All() {
		c.balancers.changed(b)
	}
	c.instances.observe(c.driver)
}
