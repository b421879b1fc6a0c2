//go:build !linux

package nspawn

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"runtime"

	"github.com/exopool/exopool/fake/machine/driverapi"
)

// A Driver runs machines that really boot. There is none outside Linux.
type Driver struct{}

var errSystem = errors.New("machines that really boot need Linux, this is " + runtime.GOOS +
	": use another machine driver, or a Linux host")

// New fails outside Linux.
func New(context.Context, Config) (*Driver, error) { return nil, errSystem }

// Sweep fails outside Linux.
func Sweep(context.Context, Config) error { return errSystem }

// Examine reports that this is not Linux.
func Examine(context.Context, Config) []Requirement {
	return []Requirement{{Name: "Linux", Problem: errSystem.Error(), Remedy: "use a Linux host or a virtual machine with Linux"}}
}

// The methods are those of the driver for Linux. As there is never a driver,
// they are never called.

func (*Driver) Networks() (instances, balancers netip.Prefix) { return }

func (*Driver) Start(driverapi.Machine) error                                { return errSystem }
func (*Driver) Stop(string)                                                  {}
func (*Driver) Destroy(string)                                               {}
func (*Driver) Kill(string) error                                            { return errSystem }
func (*Driver) Condition(string) driverapi.Condition                         { return driverapi.Condition{} }
func (*Driver) Console(string) (string, bool)                                { return "", false }
func (*Driver) Balance(driverapi.Balancer) error                             { return errSystem }
func (*Driver) Unbalance(string)                                             {}
func (*Driver) Health(string, string) map[string]driverapi.Health            { return nil }
func (*Driver) StandIns() map[string]string                                  { return nil }
func (*Driver) Gateway() netip.Addr                                          { return netip.Addr{} }
func (*Driver) Host() netip.Addr                                             { return netip.Addr{} }
func (*Driver) Listen(context.Context, string, string) (net.Listener, error) { return nil, errSystem }
func (*Driver) HealthcheckSources() []netip.Prefix                           { return nil }
func (*Driver) Protect([]driverapi.Protection) error                         { return errSystem }
func (*Driver) Close(context.Context) error                                  { return nil }
