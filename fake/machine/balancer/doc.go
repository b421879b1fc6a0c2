// Package balancer is the network load balancers of machine drivers: TCP is
// really forwarded, and health really checked. Where it listens and how it
// connects is the driver's business.
//
//	exoapi.Cloud ──Balance──▶ Set ──▶ service ──Listen──▶ clients
//	                                     │ ├─────Dial───▶ healthy targets
//	                                     │ └────Check───▶ all targets
//
// A service learns from its health checks alone that a machine is off or dead,
// and tries one target for a connection unless it is told to try more: a client
// whose target does not answer is reset.
//
// A round-robin service gives new connections to its healthy targets in turn;
// source-hash and maglev-hash both keep a client on the same target as long as
// that one is healthy. UDP services are health-checked but not forwarded.
package balancer
