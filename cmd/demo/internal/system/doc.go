// Package system runs everything that the demo shows in one process: the fake
// cloud with real member processes, discovery, Prometheus, alerts, the
// autoscaler and the clients.
//
//	clients ──▶ load balancer ──▶ members ◀──scrape── monitor ◀──file── discovery
//	                                 ▲                   │ alerts            │
//	                                 │                notifier               │
//	                              fake API ◀──signed── autoscaler    fake API┘
//
// Every arrow is real: TCP through the balancer, HTTP to exporters and webhook
// receiver, signed API calls by the official client. Only the cloud behind the
// API is fake: processes on loopback addresses. An installed Grafana may take
// the place of the notifier and of the monitor's alerts.
package system
