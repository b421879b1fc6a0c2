// Package discovery keeps the targets of Prometheus equal to the members of
// instance pools.
//
//	Lister ──members──▶ Agent ──targets──▶ file_sd file  (atomic)
//	 (provider)           │   └──────────▶ /targets      (HTTP SD)
//	                      └─ metrics, /healthz, /readyz
//
// An [Agent] refreshes at an interval: it lists all members with one call of a
// [Lister], and publishes one target for each member that has a public address.
//
// Stale beats partial: a refresh that fails in any way, however late, changes
// nothing that is published, and neither does a restart. A failure shows as the
// age of the last success, in a metric and in /readyz. If one of several pools
// fails, only its own targets are affected.
//
// New members are published at once; missing ones stay until that is confirmed.
// A list that would remove targets is compared with the pool itself, with one
// more call: if it has as many members as the pool's size, and all that the pool
// lists, the targets are removed at once. Otherwise the list is stale, and they
// stay for three refreshes, at most ten seconds apart, in case the next list is
// right. An empty list is accepted only if the size is zero.
//
// If the provider has reported for [Config.ForgetAfter] that a pool does not
// exist, its targets are removed, since other machines may have the addresses by
// then. No other answer, and no outage, counts for that; restarts do not prolong
// it.
//
// Addresses that no public member has, such as loopback and link-local ones,
// never become targets, whether the provider or an earlier file has them.
//
// Metrics of members, with their age and their health behind the load balancer,
// are optional. They never delay targets: if load balancers cannot be read,
// members keep their last known health, whose age is a metric, too.
//
// The package knows no cloud: it sees a [Lister] and a clock. It does not filter
// either: that is for relabelling rules.
//
// A small program that uses it is in examples/discovery.
package discovery
