package exoapi

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/exopool/exopool/fake/infra"
)

// unguard notes that the driver no longer knows who may reach whom.
func (w *world) unguard() { w.unguarded = w.firewall != nil }

// guard tells the driver who may reach whom, if that changed. Until it could
// be told, no machine starts.
func (w *world) guard() error {
	if !w.unguarded {
		return nil
	}
	wanted := w.protections()
	if err := w.firewall.Protect(wanted); err != nil {
		return fmt.Errorf("enforce security groups: %w", err)
	}
	w.unguarded = false
	return nil
}

func (w *world) protections() []infra.Protection {
	list := make([]infra.Protection, 0, w.instances.len())
	for i := range w.instances.all() {
		if !i.address.IsValid() {
			continue
		}
		p := infra.Protection{MachineID: i.id, Address: i.address}
		for g := range w.groups.all() {
			if !w.belongs(i, g) {
				continue
			}
			for _, u := range g.rules {
				if u.FlowDirection == "ingress" {
					p.Ingress = append(p.Ingress, w.permit(u))
				} else {
					p.Egress = append(p.Egress, w.permit(u))
				}
			}
		}
		list = append(list, p)
	}
	return list
}

// belongs reports whether an instance is in a group. One that is in none is in
// the organization's default group.
func (w *world) belongs(i *instance, g *securityGroup) bool {
	if len(i.groups) == 0 {
		return g.standard && g.visibility == visibilityPrivate
	}
	return slices.Contains(i.groups, ref{g.id})
}

func (w *world) permit(u rule) infra.Permit {
	p := infra.Permit{Protocol: u.Protocol, FirstPort: u.StartPort, LastPort: u.EndPort, ICMPType: -1, ICMPCode: -1}
	if u.ICMP != nil {
		p.ICMPType, p.ICMPCode = orAny(u.ICMP.Type), orAny(u.ICMP.Code)
	}
	if u.Group != nil {
		p.Peers = w.addressesOf(w.groups.get(u.Group.ID))
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
func (w *world) addressesOf(g *securityGroup) []netip.Prefix {
	var list []netip.Prefix
	for _, text := range g.sources {
		if source, err := netip.ParsePrefix(text); err == nil {
			list = append(list, source.Masked())
		}
	}
	for i := range w.instances.all() {
		if i.address.IsValid() && w.belongs(i, g) {
			list = append(list, netip.PrefixFrom(i.address, i.address.BitLen()))
		}
	}
	return list
}
