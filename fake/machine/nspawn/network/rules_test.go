package network_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/exopool/exopool/fake/infra"
	"github.com/exopool/exopool/fake/machine/nspawn/network"
)

func TestPermitsBecomeRules(t *testing.T) {
	anyAddress := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}
	for name, c := range map[string]struct {
		ingress, egress []infra.Permit
		want            []string
	}{
		"nothing permitted: closed, and free to connect": {want: []string{"oifname vc6120001 drop"}},
		"ports of a network": {
			ingress: []infra.Permit{{Protocol: "tcp", FirstPort: 80, LastPort: 90, Peers: []netip.Prefix{netip.MustParsePrefix("10.1.2.3/8")}}},
			want: []string{
				"oifname vc6120001 ip saddr 10.0.0.0/8 ip protocol 6 th dport 80-90 accept",
				"oifname vc6120001 drop",
			},
		},
		"every peer on its own": {
			ingress: []infra.Permit{{Protocol: "udp", FirstPort: 53, LastPort: 53, Peers: []netip.Prefix{
				netip.MustParsePrefix("198.18.0.2/32"), netip.MustParsePrefix("198.18.0.3/32"),
			}}},
			want: []string{
				"oifname vc6120001 ip saddr 198.18.0.2/32 ip protocol 17 th dport 53-53 accept",
				"oifname vc6120001 ip saddr 198.18.0.3/32 ip protocol 17 th dport 53-53 accept",
				"oifname vc6120001 drop",
			},
		},
		"ICMP by type and code, or any": {
			ingress: []infra.Permit{
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
			ingress: []infra.Permit{
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
			egress: []infra.Permit{{Protocol: "tcp", FirstPort: 443, LastPort: 443, Peers: anyAddress}},
			want: []string{
				"oifname vc6120001 drop",
				"iifname vc6120001 ip protocol 6 th dport 443-443 accept", "iifname vc6120001 drop",
			},
		},
		"IPv6 matches nothing, and forbids the rest all the same": {
			ingress: []infra.Permit{{Protocol: "icmpv6", ICMPType: -1, ICMPCode: -1, Peers: anyAddress}},
			egress:  []infra.Permit{{Protocol: "tcp", FirstPort: 1, LastPort: 9, Peers: []netip.Prefix{netip.MustParsePrefix("::/0")}}},
			want:    []string{"oifname vc6120001 drop", "iifname vc6120001 drop"},
		},
		"permits without a peer": {
			ingress: []infra.Permit{{Protocol: "tcp", FirstPort: 80, LastPort: 80}},
			want:    []string{"oifname vc6120001 drop"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			addr := netip.MustParseAddr("198.18.0.1")
			assert.Equal(t, c.want, network.Rules(infra.Protection{Address: addr, Ingress: c.ingress, Egress: c.egress}))
		})
	}
}

func TestEveryMachineHasRulesOfItsOwn(t *testing.T) {
	assert.Equal(t, []string{"oifname vc6120003 drop", "oifname vc6120001 drop"}, network.Rules(
		infra.Protection{Address: netip.MustParseAddr("198.18.0.3")},
		infra.Protection{Address: netip.MustParseAddr("198.18.0.1")},
	))
	assert.Empty(t, network.Rules())
}
