// Package stage brings up, in one process, all that the demo needs: the fake
// cloud with real member processes, discovery, Prometheus, alerts, the
// autoscaler and the clients.
//
//	clients ──▶ load balancer ──▶ members ◀──scrape── monitor ◀──file── discovery
//	                                 ▲                   │ alerts            │
//	                                 │                notifier               │
//	                              fake API ◀──signed── autoscaler    fake API┘
//
// Every arrow is the real thing: TCP through the balancer, HTTP to exporters
// and webhook receiver, signed API calls by the official client. Only the cloud
// behind the API is played, by processes on loopback addresses. Where there is a
// Grafana, it may take the place of the notifier and of the monitor's alerts.
package stage
