// Package grafana runs a Grafana that is installed on this computer with the
// very files that the monitoring machine gets, so that the alerts which drive
// the autoscaler are evaluated and sent by the program that does it in
// production.
//
//	files ──copied──▶ Dir ──provisioning──▶ Grafana ──query──▶ Prometheus
//	                                           └─────webhook──▶ autoscaler
//
// The files vary by environment variables alone. Those that the unit of the
// monitoring machine sets are read from that unit; only addresses, folders and
// secrets are replaced. Grafana listens on loopback, is asked for nothing but
// what is on this computer, and does not outlive the program.
package grafana
