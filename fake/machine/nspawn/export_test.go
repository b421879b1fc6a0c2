package nspawn

import "github.com/exopool/exopool/fake/exoapi"

// Completed returns the settings with their defaults.
func Completed(c Config) (Config, error) {
	err := c.complete()
	return c, err
}

// Share is how many CPUs of this computer a machine of a type gets.
func Share(c Config, cpus int) float64 { return c.share(exoapi.InstanceType{CPUs: cpus}) }

// Unmet is the error that a list of requirements amounts to.
var Unmet = unmet
