package nspawn

import (
	"net/netip"

	"github.com/exopool/exopool/fake/machine/driverapi"
)

// WithDefaults returns the configuration with its defaults, and what is wrong
// with it.
func WithDefaults(c Config) (Config, error) {
	c = c.withDefaults()
	return c, c.validate()
}

// Share is how many CPUs of this host a machine of a type gets.
func Share(c Config, cpus int) float64 { return c.share(driverapi.InstanceType{CPUs: cpus}) }

// Hosts are the names that machines find in their own network.
func Hosts(c Config, gateway, metadata netip.Addr) map[string]netip.Addr {
	return c.hosts(gateway, metadata)
}

// Unmet is the error that a list of requirements amounts to.
var Unmet = unmet
