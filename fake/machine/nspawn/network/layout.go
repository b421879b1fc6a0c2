package network

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// A layout says what the parts of the network's range are for: the first half
// is for instances, the third quarter for load balancers, the fourth for the
// network itself.
type layout struct {
	whole, instances, balancers netip.Prefix

	gateway netip.Addr // the router, name server and package mirror of machines
	host    netip.Addr // from which the host's own programs come
	checker netip.Addr // from which load balancers check health
	helper  netip.Addr // of a machine that is no instance
}

func newLayout(whole netip.Prefix) (layout, error) {
	if !whole.Addr().Is4() || whole.Bits() < 8 || whole.Bits() > 24 {
		return layout{}, fmt.Errorf("address range %v: want an IPv4 range of 8 to 24 bits, e.g. %v", whole, defaultRange())
	}
	whole = whole.Masked()
	l := layout{
		whole:     whole,
		instances: netip.PrefixFrom(whole.Addr(), whole.Bits()+1),
		balancers: netip.PrefixFrom(quarter(whole, 2), whole.Bits()+2),
	}
	l.gateway = quarter(whole, 3).Next()
	l.host = l.gateway.Next()
	l.checker = l.host.Next()
	l.helper = l.checker.Next()
	return l, nil
}

func defaultRange() netip.Prefix {
	// For tests of network devices (RFC 2544): no real host has such an
	// address.
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 18}), 16)
}

// quarter returns the first address of the n-th quarter of a range.
func quarter(whole netip.Prefix, n uint32) netip.Addr {
	a := whole.Addr().As4()
	start := binary.BigEndian.Uint32(a[:]) + n<<(30-whole.Bits())
	return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, start)))
}
