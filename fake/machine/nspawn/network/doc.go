// Package network is the network of machines that really boot: a small cloud
// network in a namespace of its own, on the host that it runs on.
//
//	the host                 router namespace "exopool"      machine namespace
//	exopool-h 198.18.192.2 ───── up0        lo: 198.18.192.1     "exopool-ID"
//	route 198.18.0.0/16 ──────▶  rules, routes  169.254.169.254
//	                             vc6120001 ───────────────────── eth0 198.18.0.1/32
//	                             vc6120002 ───────────────────── eth0 198.18.0.2/32
//
// The host itself gets one interface, one address and one route. Its
// forwarding, firewall and name resolution are not touched.
//
// Every machine has its own link to the router, so all that it sends and gets
// passes the router's rules: security groups, see [Network.Protect], hold
// between machines, too. There is no network segment that machines share, as
// there is none on Exoscale. Load balancers and the gateway's services listen
// in the router namespace with [Network.Listen], from this process.
//
// What a machine sends over TCP to the rest of the world ends at
// [Network.ListenEgress], for a relay to pass on; everything else to there is
// refused. IPv6 is off.
//
// It needs Linux, root, and the kernel's veth and nf_tables with nat.
package network
