package drain

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/exopool/exopool/internal/configerr"
)

// Config is what a [Client] needs. Only Checks is required.
type Config struct {
	// Checks returns the networks from which the load balancer checks the
	// health of members: 1 to 200 of IPv4, each of at most 2^24 addresses. Those
	// of IPv6 are left out. It is asked for each drain; while it fails, its last
	// answer is used.
	Checks func(context.Context) ([]netip.Prefix, error)
	// Port is that of the endpoint on members, 1 to 65535; 0 means 9101.
	Port int
	// Lease is how long a member drains without another call, 1 s to 10 min, in
	// whole seconds; 0 means 3 min.
	Lease time.Duration
	// Timeout is the longest duration of one request to a member, up to 1 min;
	// 0 means 10 s.
	Timeout time.Duration
}

// withDefaults returns the configuration with its defaults filled in.
func (c Config) withDefaults() Config {
	if c.Port == 0 {
		c.Port = 9101
	}
	if c.Lease == 0 {
		c.Lease = 3 * time.Minute
	}
	if c.Timeout == 0 {
		c.Timeout = 10 * time.Second
	}
	return c
}

// validate returns all that is wrong with a configuration.
func (c Config) validate() error {
	var errs []error
	if c.Checks == nil {
		errs = append(errs, errors.New("no Checks given"))
	}
	errs = append(errs,
		configerr.Between("Port", c.Port, 1, 65535),
		configerr.Between("Lease", c.Lease, time.Second, 10*time.Minute),
		configerr.Between("Timeout", c.Timeout, time.Millisecond, time.Minute),
	)
	if c.Lease%time.Second != 0 {
		errs = append(errs, &configerr.Error{Field: "Lease", Problem: fmt.Sprintf("is %v", c.Lease), Remedy: "set it to whole seconds"})
	}
	return errors.Join(errs...)
}
