// Package replay tries autoscaling on a load of the past: it runs the loop of
// package autoscale, unchanged, against a model of a pool in virtual time, and
// measures how well the pool has followed the load.
//
//	Trace ──▶ Run(Contender) ──▶ Result: Figures, Timeline
//
// A [Trace] is a recorded load, one a [Contender] has to follow; it is scaled so
// that its peak takes a chosen number of members. In the model a member that is
// asked for serves one boot time later and an evicted one stops at once; the load
// is spread evenly, and CPU use ends at 100 %. What the model leaves out: members
// that slow down before they are full, queues, and requests that take longer than
// a turn.
//
// The figures are those of the SPEC Research Group (Herbst et al., Ready for Rain,
// SPEC-RG-2016-01). The same trace, settings and seed always give the same result.
//
// A small program that uses it is in examples/replay.
package replay
