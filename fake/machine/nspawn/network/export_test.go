package network

import (
	"net/netip"

	"github.com/exopool/exopool/fake/machine/driverapi"
)

// Parts are what a range is split into.
type Parts struct {
	Instances, Balancers netip.Prefix
	Gateway              netip.Addr
	Own                  []netip.Addr
}

// Split is what New does with a range.
func Split(whole netip.Prefix) (Parts, error) {
	l, err := newLayout(whole)
	return Parts{l.instances, l.balancers, l.gateway, []netip.Addr{l.gateway, l.host, l.checker, l.helper}}, err
}

// Rules are what Protect makes of protections, as text.
func Rules(protections ...driverapi.Protection) []string {
	var list []string
	for _, r := range compile(protections) {
		list = append(list, r.String())
	}
	return list
}
