package exoapi

import (
	"fmt"
	"log/slog"
	"net/netip"
	"slices"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/machine/driverapi"
)

// changed marks the firewall as out of date.
func (s *securityGroups) changed() { s.stale = s.firewall != nil }

// enforce makes a driver enforce the groups, if it can.
func (s *securityGroups) enforce(driver driverapi.Driver) {
	s.firewall, _ = driver.(driverapi.Firewall)
	s.changed()
	s.sync()
}

// sync applies the firewall and logs why that is not possible.
func (s *securityGroups) sync() {
	if err := s.applyFirewall(); err != nil {
		s.logger.Warn("security groups are not enforced", slog.Any("err", err))
	}
}

// applyFirewall sets what the firewall permits, if that changed. Until it
// succeeds, no machine starts.
func (s *securityGroups) applyFirewall() error {
	if !s.stale {
		return nil
	}
	if err := s.firewall.Protect(s.protections()); err != nil {
		return fmt.Errorf("enforce security groups: %w", err)
	}
	s.stale = false
	return nil
}

// Protections returns what the security groups permit, for each instance with a
// public address; nothing once the cloud is closed.
func (c *Cloud) Protections() (all []driverapi.Protection) {
	c.read(func() { all = c.securityGroups.protections() })
	return all
}

func (s *securityGroups) protections() []driverapi.Protection {
	list := make([]driverapi.Protection, 0, s.instances.Len())
	for i := range s.instances.All() {
		if !i.address.IsValid() {
			continue
		}
		p := driverapi.Protection{MachineID: i.id, Address: i.address}
		for g := range s.All() {
			if !i.in(g) {
				continue
			}
			for _, u := range g.rules {
				if u.FlowDirection == "ingress" {
					p.Ingress = append(p.Ingress, s.permit(u))
				} else {
					p.Egress = append(p.Egress, s.permit(u))
				}
			}
		}
		list = append(list, p)
	}
	return list
}

// in reports whether an instance is in a group.
func (i *instance) in(g *securityGroup) bool {
	return slices.Contains(i.securityGroups, wire.Ref{ID: g.id})
}

func (s *securityGroups) permit(u rule) driverapi.Permit {
	p := driverapi.Permit{Protocol: u.Protocol, FirstPort: u.StartPort, LastPort: u.EndPort, ICMPType: -1, ICMPCode: -1}
	if u.ICMP != nil {
		p.ICMPType, p.ICMPCode = orAny(u.ICMP.Type), orAny(u.ICMP.Code)
	}
	if u.peer != nil {
		p.Peers = s.addressesOf(u.peer)
	} else if network, err := netip.ParsePrefix(u.Network); err == nil {
		p.Peers = []netip.Prefix{network.Masked()}
	}
	return p
}

func orAny(n *int) int {
	if n == nil {
		return -1
	}
	return *n
}

// addressesOf lists where a group's members and its external sources are.
func (s *securityGroups) addressesOf(g *securityGroup) []netip.Prefix {
	var list []netip.Prefix
	for _, text := range g.sources {
		if source, err := netip.ParsePrefix(text); err == nil {
			list = append(list, source.Masked())
		}
	}
	for i := range s.instances.All() {
		if i.address.IsValid() && i.in(g) {
			list = append(list, netip.PrefixFrom(i.address, i.address.BitLen()))
		}
	}
	return list
}
