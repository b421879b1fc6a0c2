package driverapi

import (
	"net/netip"
)

// A Firewall is a driver that enforces security groups. Without it rules are
// kept and listed, and let everything pass.
type Firewall interface {
	// HealthcheckSources names the addresses from which load balancers check
	// health. They become the sources of the public security group
	// public-nlb-healthcheck-sources, for rules to refer to.
	HealthcheckSources() []netip.Prefix
	// Protect sets what may reach which machines and what they may reach, in
	// place of what was set before. It names all machines, those about to be
	// started included; others cannot be reached. It is called whenever
	// machines, rules or members of groups change.
	Protect([]Protection) error
}

// A Protection is what all security groups of a machine together permit.
// Answers to what is permitted always pass.
type Protection struct {
	MachineID string
	Address   netip.Addr
	Ingress   []Permit // empty: nothing may connect
	Egress    []Permit // empty: the machine may connect to everything
}

// A Permit is a rule of a security group, with groups resolved to the
// addresses of their members.
type Permit struct {
	Protocol  string // as in the API: tcp, udp, icmp, icmpv6, ah, esp, gre or ipip
	FirstPort int    // of tcp and udp
	LastPort  int    // included
	ICMPType  int    // of icmp; -1 means any
	ICMPCode  int    // of icmp; -1 means any
	Peers     []netip.Prefix
}
