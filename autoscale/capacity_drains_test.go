package autoscale_test

import (
	"context"
	"slices"
	"time"

	"github.com/exopool/exopool/autoscale"
)

// able is what is known of a member that drains.
type able struct {
	served  bool // when its drain began
	renewed time.Time
}

const lease = 3 * time.Minute

// Drain implements [autoscale.Drainer].
func (c *capacity) Drain(_ context.Context, address string) (int, error) {
	c.lie()
	now := c.cfg.Clock.Now()
	if drain, drains := c.drains[address]; drains {
		c.drains[address] = able{drain.served, now}
		return c.rng.IntN(2), nil
	}
	at := slices.IndexFunc(c.read.Members, func(m autoscale.Member) bool { return m.Address.String() == address })
	served := c.serves(c.read.Members[at])
	c.drains[address] = able{served, now}
	c.set(address, autoscale.Unhealthy)
	if rest := c.serving(); served && rest < max(c.read.Size-c.cfg.Step, c.cfg.Min) {
		c.problem("drains one of %d members and leaves %d that serve", c.read.Size, rest)
	}
	return c.rng.IntN(2), nil
}

// set sets the health of the member with an address.
func (c *capacity) set(address string, health autoscale.Health) {
	for i, m := range c.members() {
		if m.IPv4.String() == address {
			c.SetHealth(i, health)
		}
	}
}

// Stop implements [autoscale.Drainer].
func (c *capacity) Stop(context.Context, string) (int, error) { return 0, nil }

// Lease implements [autoscale.Drainer].
func (c *capacity) Lease() time.Duration { return lease }

// Resume implements [autoscale.Drainer].
func (c *capacity) Resume(_ context.Context, address string) error {
	if drain, drains := c.drains[address]; drains && drain.served {
		c.set(address, autoscale.Healthy)
		c.back[address] = true
	}
	delete(c.drains, address)
	return nil
}

// restarted lets a program that starts anew know nothing of members that drain.
func (c *capacity) restarted() {
	for address, drain := range c.drains {
		c.drains[address] = able{false, drain.renewed}
	}
}

// endLeases ends drains that nobody renews.
func (c *capacity) endLeases() {
	for address, drain := range c.drains {
		if c.cfg.Clock.Now().Sub(drain.renewed) > lease {
			_ = c.Resume(context.Background(), address)
		}
	}
}
