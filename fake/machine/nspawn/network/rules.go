package network

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/exopool/exopool/fake/machine/driverapi"
)

// A rule lets a kind of new connections of one machine pass, or nothing more.
type rule struct {
	link    string       // the router's to the machine
	ingress bool         // to the machine, not from it
	last    bool         // drops whatever came so far; nothing below is set
	proto   byte         // of the IP header
	ports   [2]uint16    // first and last; of tcp and udp
	icmp    [2]int       // type and code, -1 for any; of icmp
	peer    netip.Prefix // at the other end
}

// Numbers of protocols in the IP header, as IANA assigns them.
const (
	protoICMP = 1
	protoTCP  = 6
	protoUDP  = 17
)

// protocols are those of IPv4 that rules may name; icmpv6 is not among them.
func protocols() map[string]byte {
	return map[string]byte{
		"icmp": protoICMP, "ipip": 4, "tcp": protoTCP, "udp": protoUDP, "gre": 47, "esp": 50, "ah": 51,
	}
}

// compile turns what machines are permitted into rules. A machine with permits
// for egress gets through with nothing else; one without any is free to connect
// to everything. Permits for IPv6 match nothing here.
func compile(protections []driverapi.Protection) []rule {
	var list []rule
	for _, p := range protections {
		link := linkName(p.Address)
		list = append(list, translate(link, true, p.Ingress)...)
		list = append(list, rule{link: link, ingress: true, last: true})
		if len(p.Egress) > 0 {
			list = append(list, translate(link, false, p.Egress)...)
			list = append(list, rule{link: link, last: true})
		}
	}
	return list
}

func translate(link string, ingress bool, permits []driverapi.Permit) []rule {
	var list []rule
	known := protocols()
	for _, p := range permits {
		proto, ok := known[p.Protocol]
		if !ok {
			continue
		}
		for _, peer := range p.Peers {
			if !peer.Addr().Is4() {
				continue
			}
			list = append(list, rule{
				link: link, ingress: ingress, proto: proto, peer: peer.Masked(),
				//nolint:gosec // G115: ports are below 65536
				ports: [2]uint16{uint16(p.FirstPort), uint16(p.LastPort)},
				icmp:  [2]int{p.ICMPType, p.ICMPCode},
			})
		}
	}
	return list
}

// String is the rule in the words of the nft command.
func (r rule) String() string {
	direction, end := "iifname", "daddr"
	if r.ingress {
		direction, end = "oifname", "saddr"
	}
	parts := []string{direction, r.link}
	if r.last {
		return strings.Join(append(parts, "drop"), " ")
	}
	if r.peer.Bits() > 0 {
		parts = append(parts, "ip", end, r.peer.String())
	}
	parts = append(parts, "ip protocol", fmt.Sprint(r.proto))
	switch r.proto {
	case protoTCP, protoUDP:
		parts = append(parts, fmt.Sprintf("th dport %d-%d", r.ports[0], r.ports[1]))
	case protoICMP:
		if r.icmp[0] >= 0 {
			parts = append(parts, fmt.Sprint("icmp type ", r.icmp[0]))
		}
		if r.icmp[1] >= 0 {
			parts = append(parts, fmt.Sprint("icmp code ", r.icmp[1]))
		}
	}
	return strings.Join(append(parts, "accept"), " ")
}

// linkName is that of a machine's link at the router.
func linkName(addr netip.Addr) string { return fmt.Sprintf("v%x", addr.AsSlice()) }
