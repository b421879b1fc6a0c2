package network_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/machine/nspawn/network"
)

func TestPermitsBecomeRules(t *testing.T) {
	anyAddress := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}
	for name, c := range map[string]struct {
		ingress, egress []driverapi.Permit
		want            []string
	}{
		"nothing permitted: closed, and free to connect": {want: []string{"oifname vc6120001 drop"}},
		"ports of a network": {
			ingress: []driverapi.Permit{{Protocol: "tcp", FirstPort: 80, LastPort: 90, Peers: []netip.Prefix{netip.MustParsePrefix("10.1.2.3/8")}}},
			want: []string{
				"oifname vc6120001 ip saddr 10.0.0.0/8 ip protocol 6 th dport 80-90 accept",
				"oifname vc6120001 drop",
			},
		},
		"every peer on its own": {
			ingress: []driverapi.Permit{{Protocol: "udp", FirstPort: 53, LastPort: 53, Peers: []netip.Prefix{
				netip.MustParsePrefix("198.18.0.2/32"), netip.MustParsePrefix("198.18.0.3/32"),
			}}},
			want: []string{
				"oifname vc6120001 ip saddr 198.18.0.2/32 ip protocol 17 th dport 53-53 accept",
				"oifname vc6120001 ip saddr 198.18.0.3/32 ip protocol 17 th dport 53-53 accept",
				"oifname vc6120001 drop",
			},
		},
		"ICMP by type and code, or any": {
			ingress: []driverapi.Permit{
				{Protocol: "icmp", ICMPType: 8, ICMPCode: 0, Peers: anyAddress},
				{Protocol: "icmp", ICMPType: -1, ICMPCode: -1, Peers: anyAddress},
			},
			want: []string{
				"oifname vc6120001 ip protocol 1 icmp type 8 icmp code 0 accept",
				"oifname vc6120001 ip protocol 1 accept",
				"oifname vc6120001 drop",
			},
		},
		"protocols without ports": {
			ingress: []driverapi.Permit{
				{Protocol: "esp", Peers: anyAddress},
				{Protocol: "ah", Peers: anyAddress},
				{Protocol: "gre", Peers: anyAddress},
				{Protocol: "ipip", Peers: anyAddress},
			},
			want: []string{
				"oifname vc6120001 ip protocol 50 accept", "oifname vc6120001 ip protocol 51 accept",
				"oifname vc6120001 ip protocol 47 accept", "oifname vc6120001 ip protocol 4 accept",
				"oifname vc6120001 drop",
			},
		},
		"one permit for egress forbids the rest": {
			egress: []driverapi.Permit{{Protocol: "tcp", FirstPort: 443, LastPort: 443, Peers: anyAddress}},
			want: []string{
				"oifname vc6120001 drop",
				"iifname vc6120001 ip protocol 6 th dport 443-443 accept", "iifname vc6120001 drop",
			},
		},
		"IPv6 matches nothing, and forbids the rest all the same": {
			ingress: []driverapi.Permit{{Protocol: "icmpv6", ICMPType: -1, ICMPCode: -1, Peers: anyAddress}},
			egress:  []driverapi.Permit{{Protocol: "tcp", FirstPort: 1, LastPort: 9, Peers: []netip.Prefix{netip.MustParsePrefix("::/0")}}},
			want:    []string{"oifname vc6120001 drop", "iifname vc6120001 drop"},
		},
		"permits without a peer": {
			ingress: []driverapi.Permit{{Protocol: "tcp", FirstPort: 80, LastPort: 80}},
			want:    []string{"oifname vc6120001 drop"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			addr := netip.MustParseAddr("198.18.0.1")
			assert.Equal(t, c.want, network.Rules(driverapi.Protection{Address: addr, Ingress: c.ingress, Egress: c.egress}))
		})
	}
}

func TestEveryMachineHasRulesOfItsOwn(t *testing.T) {
	assert.Equal(t, []string{"oifname vc6120003 drop", "oifname vc6120001 drop"}, network.Rules(
		driverapi.Protection{Address: netip.MustParseAddr("198.18.0.3")},
		driverapi.Protection{Address: netip.MustParseAddr("198.18.0.1")},
	))
	assert.Empty(t, network.Rules())
}
