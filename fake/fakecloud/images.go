package fakecloud

import (
	"context"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/exopool/exopool/fake/machine/nspawn/imageregistry"
	"github.com/exopool/exopool/fake/tlsproxy"
)

// images are the container registries of the machines.
type images struct {
	registry *imageregistry.Registry // nil when machines exist on paper
	ports    []uint16                // besides 443
}

// newRegistries makes what answers for container registries. It returns the
// names of their hosts and the certificate to trust.
func (c *Cloud) newRegistries(ctx context.Context) (hosts []string, certificate []byte, err error) {
	c.images.registry = imageregistry.New(imageregistry.Config{
		Images: c.cfg.Images, Proxy: upstream(c.address, c.cfg.Environ), Machine: c.machineAt, Logger: c.cfg.Logger,
	})
	c.closers = append(c.closers, c.images.registry.Close)
	for _, host := range c.images.registry.Hosts() {
		name, port, _ := strings.Cut(host, ":")
		hosts = append(hosts, name)
		if number, err := strconv.ParseUint(port, 10, 16); err == nil {
			c.images.ports = append(c.images.ports, uint16(number))
		}
	}
	slices.Sort(c.images.ports)
	c.images.ports = slices.Compact(c.images.ports)
	slices.Sort(hosts)
	hosts = slices.Compact(hosts)
	authority, err := tlsproxy.NewAuthority(hosts...)
	if err != nil {
		return nil, nil, err
	}
	proxy, err := tlsproxy.New(tlsproxy.Config{
		Domains: hosts, Authority: authority, Handler: c.images.registry, Logger: c.cfg.Logger,
	})
	if err != nil {
		return nil, nil, err
	}
	c.closeProxy(ctx, proxy)
	c.neighbours = append(c.neighbours, proxy)
	return hosts, authority.PEM(), nil
}

// machineAt returns the instance that has an address.
func (c *Cloud) machineAt(address netip.Addr) imageregistry.Machine {
	for _, i := range c.api.Instances() {
		if i.Address == address {
			return imageregistry.Machine{ID: i.ID, Name: i.Name}
		}
	}
	return imageregistry.Machine{Name: address.String()}
}
