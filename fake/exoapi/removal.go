package exoapi

import (
	"errors"
	"fmt"
	"time"

	"github.com/exopool/exopool/fake/machine/driverapi"
)

// A Removal is what becomes of the requests to members that are removed. The
// original's behaviour is not documented, so the zero value is the worst case:
// the machine is killed at once, load balancers learn it from their health
// checks, and each connection gets one attempt.
type Removal struct {
	// Grace is how long the machine of a removed instance may take to shut down
	// before it is killed, whatever the speed of the cloud's time: requests
	// are no faster either. The instance is "destroying" for at least as long.
	// Drivers may have a limit of their own. Zero means killed at once.
	Grace time.Duration
	// BalancerDelay is how long load balancers go on sending connections to a
	// removed member, unless their health check fails before; [Timing.Speed]
	// divides it. Zero means until the health check fails, a negative one not
	// at all.
	BalancerDelay time.Duration
	// BalancerAttempts is how many members a load balancer tries for a
	// connection before it refuses the client. Zero means one.
	BalancerAttempts int
}

// LenientRemoval returns a removal that costs no request which takes less than
// five seconds: for tests that are about something else.
func LenientRemoval() Removal {
	return Removal{Grace: 5 * time.Second, BalancerDelay: -1, BalancerAttempts: 10}
}

// validate returns all that is wrong with a removal.
func (r Removal) validate() error {
	var errs []error
	if r.Grace < 0 {
		errs = append(errs, fmt.Errorf("grace %s of a removal is negative", r.Grace))
	}
	if r.BalancerAttempts < 0 {
		errs = append(errs, fmt.Errorf("%d attempts of a load balancer are negative", r.BalancerAttempts))
	}
	return errors.Join(errs...)
}

// delay returns the delay as drivers take it.
func (r Removal) delay() time.Duration {
	if r.BalancerDelay == 0 {
		return driverapi.UntilUnhealthy
	}
	return max(r.BalancerDelay, 0)
}
