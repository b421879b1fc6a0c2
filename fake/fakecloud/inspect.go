package fakecloud

import (
	"context"
	"errors"
	"fmt"

	"github.com/exopool/exopool/fake/machine/driverapi"
)

// Inspect returns what goes on in a machine. The error is one of
// [errors.ErrUnsupported] if nothing does on machines of this cloud. What programs
// say is without the secrets of the account's keys.
func (c *Cloud) Inspect(ctx context.Context, id string) (driverapi.Facts, error) {
	d, ok := c.driver.(driverapi.Inspector)
	if !ok {
		return driverapi.Facts{}, fmt.Errorf("inspect machine %s: %w: machines of this cloud do not boot", id, errors.ErrUnsupported)
	}
	facts, err := d.Inspect(ctx, id)
	c.redact(facts.Complaints)
	c.redact(facts.Working)
	c.redact(facts.FailedUnits)
	for _, container := range facts.Containers {
		c.redact(container.Command)
		c.redact(container.Log)
	}
	return facts, err
}

func (c *Cloud) redact(texts []string) {
	for i := range texts {
		texts[i] = c.api.Redact(texts[i])
	}
}

// HealthProblems returns why the latest health checks of a service failed, by
// instance id; nothing for machines on paper.
func (c *Cloud) HealthProblems(balancerID, serviceID string) map[string]error {
	if d, ok := c.driver.(driverapi.HealthExplainer); ok {
		return d.HealthProblems(balancerID, serviceID)
	}
	return nil
}
