// Package rehearsal is the folder of what plays the outer world against the
// system where there is no Exoscale: its packages load, monitor and notify are
// clients, Prometheus and Grafana's webhooks. The demo and the end-to-end test
// share them.
package rehearsal
