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
// nothing that is published, and neither does a restart. Only an answer that
// is confirmed to be empty empties the targets. What is left of a failure is
// the age of the last success, in a metric and in /readyz.
//
// Metrics of members, which tell their age and their health behind the load
// balancer, are an option. They never hold targets up: when load balancers
// cannot be asked, targets go on and of each member the last known health
// stays, with its age in a metric of its own.
//
// The package knows no cloud: it sees a [Lister] and a [Clock]. It does not
// filter either; that is what relabelling rules are for.
package discovery
