// Package monitoring_test holds the configuration of Prometheus and Grafana to
// what it promises: rules under promtool, alerts and their routes, dashboards,
// and all of them on a system that runs.
package monitoring_test
