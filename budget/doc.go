// Package budget accounts for what the members of a pool cost, and says how many of
// them a budget pays for. It does nothing by itself, and knows neither pools nor
// clocks.
//
// A [Plan] says what may be spent in a period, and what a member costs. An [Account]
// is what members have cost in the period so far; each time that they are counted,
// [Plan.Observe] returns the next one.
//
// The minimum of the pool is always paid for: a plan keeps what it costs to the end of
// the period, and what is left is for more. So a period costs no more than the limit,
// or than the minimum alone if that is more. [Plan.Most] keeps another part back: what
// members cost on their way out.
//
// A small program that uses it is in examples/budget.
package budget
