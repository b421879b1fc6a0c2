// Package monitor watches the pool's CPU use with the Prometheus engine, run
// as a library, and evaluates the two alert rules that drive the autoscaler.
//
//	targets file ──file_sd──▶ scrape ──▶ tsdb ◀──promql── rules ──▶ Notify
//	                                       ▲
//	                                       └──promql── Average, Members, Up
//
// Expressions and thresholds are those of the Grafana provisioning. All spans
// of time are parameters, so that a demo may shorten them together. As there,
// an alert needs data: a pool without samples fires nothing, and a rule that
// cannot be evaluated counts as not firing.
package monitor
