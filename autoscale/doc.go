// Package autoscale makes the size of an instance pool follow what alerts ask
// for.
//
//	alert ──POST /up──▶ Webhook ──record──▶ Demand ◀──claim── Loop ──▶ Pool
//	                                          │                │
//	                                     state file        Decision
//
// A webhook is recorded, never acted on: the sender gets its answer at once,
// however slow the provider is. Once an interval the [Loop] claims what was
// recorded, reads the pool, lets a policy turn both into one [Decision], and
// resizes the pool by at most one step. A size outside the bounds comes back a
// step a turn, without a webhook.
//
// One webhook causes one step at most, also when the program crashes or an
// answer of the provider is lost: what is about to be done is written down
// before it is done. Every webhook that causes no step ends with a [Reason].
//
// The package knows no cloud: it sees a [Pool] and a clock. It reads no
// metrics of the load either: when to ask for more or fewer is the alerts' part.
package autoscale
