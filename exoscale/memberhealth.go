package exoscale

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/discovery"
)

// healthTimeout bounds the reading of the health, and so does half of the time that
// is left. The rest of the turn needs time, too, and a pool may grow without it.
const healthTimeout = 8 * time.Second

// healthChecks are the services of load balancers that forward to a pool, with the
// results of their checks.
type healthChecks []discovery.Backend

// healthChecks reads the services that forward to the pool.
func (p *Pool) healthChecks(ctx context.Context) (checks healthChecks, err error) {
	timeout := healthTimeout
	if deadline, ok := ctx.Deadline(); ok {
		timeout = min(timeout, time.Until(deadline)/2)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	backends, err := p.client.Lister().Backends(ctx)
	for _, b := range backends {
		if b.PoolID == strings.ToLower(p.id) {
			checks = append(checks, b)
		}
	}
	return checks, err
}

// of returns what the checks say of an address. Of several services, all have to find
// a member healthy; one that a service does not list yet is not. A service that lists
// nobody says nothing, see [healthChecks.silence].
func (c healthChecks) of(addr netip.Addr) autoscale.Health {
	result := autoscale.HealthUnknown
	for _, check := range c {
		switch {
		case len(check.Health) == 0:
		case !check.Health[addr].OK:
			return autoscale.Unhealthy
		default:
			result = autoscale.Healthy
		}
	}
	return result
}

// silence returns an error if a service lists nobody although members run. So it is
// until the first checks of a new service or of the first members, and whenever no
// checks are made. Nobody knows then whether the service sends anybody connections:
// to call all members unhealthy would replace those that serve, and to call them
// healthy would let those go that do, in favor of some that may not.
func (c healthChecks) silence(members []autoscale.Member) error {
	if !slices.ContainsFunc(members, func(m autoscale.Member) bool { return m.State == autoscale.MemberRunning }) {
		return nil
	}
	for _, check := range c {
		if len(check.Health) == 0 {
			return fmt.Errorf("the service %.100q of load balancer %.100q lists the health of no member", check.Service, check.BalancerID)
		}
	}
	return nil
}
