// Package promserver is the Prometheus server of the monitoring machine, run as
// a library: it scrapes the jobs and evaluates the recording rules of the very
// files that are installed there.
//
//	prometheus.yml ──jobs──▶ scrape ──▶ tsdb ◀──rules/*.yml (recorded signal)
//	                                     ▲ ▲
//	        Grafana ──query API──────────┘ └──promql── Average, Members, Up
//	        or alert rules of our own ──▶ Notify
//
// Addresses and the name of the targets file are replaced. A speed divides all
// durations in the files, so that a demo can shorten them together. Where there
// is no Grafana, the server evaluates Grafana's two alert rules, too: an alert
// needs data, a pool without samples fires nothing, and a rule that cannot be
// evaluated counts as not firing.
package promserver
