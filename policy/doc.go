// Package policy has policies that decide by the load how many members a pool
// should have: [Target] and [Steps], by the load of now, and [Follow], by that of the
// time when new members serve. The program's default is not among them: a step for
// each webhook is part of package autoscale.
//
// A policy says what it wants. Guards, limits and all that is about single members
// follow it in package autoscale.
//
// A small program that uses it is in examples/policy.
package policy
