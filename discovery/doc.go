// Package discovery keeps what Prometheus scrapes equal to the members of
// instance pools.
//
//	Lister ──members──▶ Agent ──targets──▶ file_sd file  (atomic)
//	 (provider)           │   └──────────▶ /targets      (HTTP SD)
//	                      └─ metrics, /healthz, /readyz
//
// An [Agent] asks a [Lister] for all members with one call, again and again,
// and publishes one target for each member that has a public address.
//
// Stale beats partial: a refresh that fails in any way, however late, changes
// nothing that is published, and neither does a restart. What is left of a
// failure is the age of the last success, in a metric and in /readyz. Trouble
// with one of several pools concerns its own targets alone.
//
// Who is listed is published at once; who is missing stays until that is
// confirmed. A list that would take targets away is compared with the pool
// itself, for one more call: when it has as many members as the size, and all
// that the pool names, they go at once. Otherwise the list is stale, and they
// stay for three refreshes, ten seconds apart at most, in case it mends. An
// empty list is believed only when the size is zero.
//
// A pool that the provider has said for [Config.ForgetAfter] not to exist loses
// its targets, since somebody else may have the addresses by then. No other
// answer, and no outage, counts for that; restarts do not prolong it.
//
// Addresses that no public member has, such as loopback and link-local ones,
// never become targets, whether the provider or an earlier file names them.
//
// Metrics of members, which tell their age and their health behind the load
// balancer, are an option. They never hold targets up: when load balancers
// cannot be asked, targets go on and of each member the last known health
// stays, with its age in a metric of its own.
//
// The package knows no cloud: it sees a [Lister] and a clock. It does not
// filter either; that is what relabelling rules are for.
package discovery
