// Package rehearsal is the folder of what plays the outer world against the
// system where there is no Exoscale: its packages load and monitor are clients
// and Prometheus, notify and grafana send the webhooks, as Grafana would and as
// it does. The demo and the end-to-end tests share them.
package rehearsal
