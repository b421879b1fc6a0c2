package fakecloud

import "github.com/exopool/exopool/fake/prices"

// Bill estimates what the resources of the account would have cost until now, or
// until the cloud was closed. Hours are those of the cloud's time.
func (c *Cloud) Bill() prices.Bill {
	metered := c.api.Metered()
	uses := make([]prices.Use, len(metered))
	for i, m := range metered {
		uses[i] = prices.Use(m)
	}
	return c.cfg.Prices.Bill(uses)
}
