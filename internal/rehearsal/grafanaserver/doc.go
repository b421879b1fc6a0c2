// Package grafanaserver runs a Grafana that is installed on this host with the same
// files as the monitoring machine, so that the program that is used in
// production evaluates and sends the alerts that control the autoscaler.
//
//	files ──copied──▶ Dir ──provisioning──▶ Grafana ──query──▶ Prometheus
//	                                           └─────webhook──▶ autoscaler
//
// The files refer to environment variables. Those that the unit of the
// monitoring machine sets are read from that unit; only addresses, folders and
// secrets are replaced. Grafana listens on loopback, connects to this host only,
// and does not outlive the program.
package grafanaserver
