package main

import (
	"time"

	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/fake/exoapi"
)

// Limits of what users can want of a removal.
const (
	maxGrace    = 20 * time.Second // of the drivers
	maxDelay    = 24 * time.Hour
	maxAttempts = 100
)

// addRemoval declares what becomes of the requests to members that are removed.
func addRemoval(set *settings.Set, into *exoapi.Removal) {
	settings.Add(set, &into.Grace, settings.Spec{
		Flag: "grace", Help: "how long the machine of a removed instance may take to shut down before it is killed",
	}, settings.Duration(0, maxGrace))
	settings.Add(set, &into.BalancerDelay, settings.Spec{
		Flag: "balancer-delay", Default: "until-unhealthy",
		Help: "how long load balancers send connections to a removed member, if its health check does not fail before",
	}, delayKind())
	into.BalancerAttempts = 1
	settings.Add(set, &into.BalancerAttempts, settings.Spec{
		Flag: "balancer-attempts", Help: "how many members a load balancer tries for a connection before it refuses the client",
	}, settings.Int(1, maxAttempts))
}

// delayKind returns the kind of delays of load balancers, as [exoapi.Removal] takes
// them.
func delayKind() settings.Kind[time.Duration] {
	return settings.Duration(0, maxDelay).Then(func(delay time.Duration) (time.Duration, error) {
		if delay == 0 {
			return -1, nil
		}
		return delay, nil
	}).Or("until-unhealthy", 0)
}
