// Package autoscale makes the size of an instance pool follow what alerts ask
// for.
//
//	alert ──POST /up──▶ Webhook ──record──▶ Demand ◀──claim── Loop ──▶ Pool
//	                                          │                │
//	                                     state file        Decision
//
// A webhook is recorded, never acted on: the sender gets its answer at once,
// however slow the provider is. Once an interval the [Loop] claims what was
// recorded, reads the pool, lets a [Policy] turn both into one [Decision], and
// resizes the pool by at most one step.
//
// The package knows no cloud: it sees a [Pool] and a [Clock].
package autoscale
