// Package autoscale resizes an instance pool as alerts ask for it.
//
//	alert ──POST /up──▶ handler ──record──▶ demand ◀──claim── Loop ──▶ Pool
//	                                          │                │
//	                                     state file        Decision
//
// The handler records a webhook and answers at once, however slow the provider
// is. Once an interval the [Loop] reads the pool, claims the recorded webhooks,
// makes one [Decision], and resizes the pool by one step at most. A size out of
// bounds is brought back one step a turn, without a webhook.
//
// One webhook causes one step at most, even if the program crashes or an
// answer of the provider is lost: the loop saves what it is about to do before
// it does it. Every webhook that causes no step ends with a [Reason].
//
// The package knows no cloud: it sees a [Pool] and a clock. Nor does it read
// metrics: when to ask for more or fewer members is for the alerts to say.
//
// A small program that uses it is in examples/autoscale.
package autoscale
