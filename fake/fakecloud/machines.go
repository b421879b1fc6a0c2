package fakecloud

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"slices"

	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/machine/process"
	"github.com/exopool/exopool/fake/tlsproxy"
)

// A Driver runs the machines of one cloud.
type Driver interface {
	driverapi.Driver
	// Close ends all machines. When ctx ends, they are killed.
	Close(ctx context.Context) error
}

// Machines starts the driver of a cloud.
type Machines func(context.Context, DriverConfig) (Driver, error)

// DriverConfig is what a driver gets from its cloud.
type DriverConfig struct {
	Speed  float64      // see [Config.Speed]
	Logger *slog.Logger // never nil
	// Authority holds certificates in PEM. Machines have to trust them in
	// order to reach the API and the hosts.
	Authority []byte
	// Hosts are the names of [Config.Hosts] and of container registries, to be
	// led to the driver's gateway.
	Hosts []string
}

// Processes returns machines that are processes: each has a loopback address
// and serves a web page and metrics there, and load balancers forward to them.
// Speed and logger of cfg are the cloud's. The program must call member.Run,
// see package process. Linux only.
func Processes(cfg process.Config) Machines {
	return func(ctx context.Context, from DriverConfig) (Driver, error) {
		cfg.Speed, cfg.Logger = from.Speed, from.Logger
		// Cancelling would kill the members; Close lets them finish.
		return process.New(context.WithoutCancel(ctx), cfg)
	}
}

// paperNetworks are the addresses of machines that exist on paper. Nothing listens
// there, and on a loopback interface a client hears so at once, where packets to
// other addresses would leave the host. Processes have others of 127.0.0.0/8.
func paperNetworks() (instances, balancers netip.Prefix) {
	return netip.MustParsePrefix("127.128.0.0/10"), netip.MustParsePrefix("127.192.0.0/10")
}

// gatewayDriver is a driver whose machines have a network of their own: they
// reach nothing of the cloud but what listens at their gateway.
type gatewayDriver interface {
	Gateway() netip.Addr
	Listen(ctx context.Context, network, address string) (net.Listener, error)
}

// portDriver is a driver whose machines and load balancers may have to listen
// on other ports than they should.
type portDriver interface {
	PortFor(port int) int
	Endpoint(balancerID string, port int) (netip.AddrPort, bool)
}

var _ portDriver = (*process.Driver)(nil)

// startMachines starts the driver. The certificates for hosts outside the cloud
// have to exist before.
func (c *Cloud) startMachines(ctx context.Context, authority *tlsproxy.Authority) (err error) {
	if c.cfg.Machines == nil {
		return nil
	}
	hosts := slices.Collect(maps.Keys(c.cfg.Hosts))
	trusted := authority.PEM()
	for name, handler := range c.cfg.Hosts {
		host, err := tlsproxy.NewAuthority(name)
		if err != nil {
			return err
		}
		proxy, err := tlsproxy.New(tlsproxy.Config{Domains: []string{name}, Authority: host, Handler: handler})
		if err != nil {
			return err
		}
		c.closeProxy(ctx, proxy)
		c.neighbours = append(c.neighbours, proxy)
		trusted = append(trusted, host.PEM()...)
	}
	registries, certificate, err := c.newRegistries(ctx)
	if err != nil {
		return err
	}
	hosts = append(hosts, registries...)
	slices.Sort(hosts)
	driver, err := c.cfg.Machines(ctx, DriverConfig{
		Speed: c.cfg.Speed, Logger: c.cfg.Logger, Authority: append(trusted, certificate...), Hosts: slices.Compact(hosts),
	})
	if err != nil {
		return err
	}
	c.driver = driver
	c.closers = append(c.closers, func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), driverGrace)
		defer cancel()
		return driver.Close(ctx)
	})
	if d, ok := driver.(gatewayDriver); ok {
		return c.listenAtGateway(ctx, d)
	}
	return nil
}

// listenAtGateway opens the ports at which machines find the API and, by the same
// way, hosts outside the cloud and container registries.
func (c *Cloud) listenAtGateway(ctx context.Context, d gatewayDriver) error {
	for _, port := range append([]uint16{443}, c.images.ports...) {
		listener, err := d.Listen(ctx, "tcp4", netip.AddrPortFrom(d.Gateway(), port).String())
		if err != nil {
			return fmt.Errorf("serve the API to the machines: %w", err)
		}
		c.closers = append(c.closers, func() error { _ = listener.Close(); return nil })
		c.gateway = append(c.gateway, listener)
	}
	return nil
}

// StartHelper boots a machine that is no part of the account, and returns when it
// has executed its user-data. There is at most one, and it ends with the cloud.
// The error is one of [errors.ErrUnsupported] if machines of this cloud do not
// boot.
func (c *Cloud) StartHelper(ctx context.Context, userData []byte) (driverapi.Helper, error) {
	d, ok := c.driver.(driverapi.HelperStarter)
	if !ok {
		return nil, fmt.Errorf("start a helper machine: %w: machines of this cloud do not boot", errors.ErrUnsupported)
	}
	return d.StartHelper(ctx, userData)
}

// Endpoint returns where the service on a port of a load balancer listens: at
// its address, and on that port unless the driver had to take another one. It
// returns false when there is no such service.
func (c *Cloud) Endpoint(balancerID string, port int) (netip.AddrPort, bool) {
	if d, ok := c.driver.(portDriver); ok {
		return d.Endpoint(balancerID, port)
	}
	for _, b := range c.api.Balancers() {
		for _, s := range b.Services {
			if b.ID == balancerID && s.Port == port {
				return netip.AddrPortFrom(b.Address, uint16(port)), true //nolint:gosec // the API has checked it
			}
		}
	}
	return netip.AddrPort{}, false
}

// A StandIn is a template of machines that took the place of another one.
type StandIn struct{ Template, By string }

func (s StandIn) String() string {
	return fmt.Sprintf("machines that ask for %q start from %q", s.Template, s.By)
}

// StandIns returns the stand-ins that machines got so far, sorted by template.
func (c *Cloud) StandIns() []StandIn {
	d, ok := c.driver.(interface{ StandIns() map[string]string })
	if !ok {
		return nil
	}
	used := d.StandIns()
	list := make([]StandIn, 0, len(used))
	for _, name := range slices.Sorted(maps.Keys(used)) {
		list = append(list, StandIn{name, used[name]})
	}
	return list
}

// PortFor returns where members listen for what belongs on the given port: on
// that port, unless the driver had to take another one.
func (c *Cloud) PortFor(port int) int {
	if d, ok := c.driver.(portDriver); ok {
		return d.PortFor(port)
	}
	return port
}
