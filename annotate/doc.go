// Package annotate says on Grafana's dashboards what happened and why: in
// annotations, which Grafana keeps, and shows as marks in graphs.
//
//	Add ──▶ queue ──Run──▶ POST /api/annotations
//
// Nobody waits for Grafana: [Client.Add] returns at once, and [Client.Run] repeats
// what Grafana does not take, the oldest first; one on which Grafana fails lets the
// others pass. A queue that is full loses its oldest. Grafana may get one twice, whose
// answer to the first was lost.
//
// A small program that uses it is in examples/annotate.
package annotate
