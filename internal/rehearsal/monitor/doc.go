// Package monitor is the Prometheus of the monitoring machine, run as a
// library: it scrapes the jobs and records the rules of the very files that
// are installed there.
//
//	prometheus.yml ──jobs──▶ scrape ──▶ tsdb ◀──rules/*.yml (recorded signal)
//	                                     ▲ ▲
//	        Grafana ──query API──────────┘ └──promql── Average, Members, Up
//	        or alert rules of our own ──▶ Notify
//
// Addresses, and the name of the targets file, are put in their places. A speed
// divides every span of time in the files, so that a demo may shorten them
// together. Who has no Grafana lets the monitor evaluate Grafana's two alert
// rules, too: an alert needs data, a pool without samples fires nothing, and a
// rule that cannot be evaluated counts as not firing.
package monitor
