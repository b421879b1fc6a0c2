// Package exoapi emulates the Exoscale API v2, for unmodified clients.
//
//	            HTTP                                           driver
//	client ──▶ Handler ──▶ route ──▶ handler of a resource ──▶ driverapi.Driver
//	       or Transport      │                │
//	                 faults, signature,     world: clock, schedule,
//	                      policies          operations, quotas
//
// A [Cloud] answers like the original: signatures are verified, the policies
// of roles enforced, every change is an operation that is pending first,
// instances, pools and load balancers pass through their states, and time is
// what makes them move. With a fake clock, or in a testing/synctest bubble,
// nothing needs to run: whatever fell due is done before the next request is
// answered. With the system clock, [Cloud.Run] does it when it falls due.
//
// What instances do is up to a driver, [driverapi.Driver]. Without one nothing
// runs, and they become healthy some time after they started.
//
// Each kind of resource has a file named after it, which declares the kind in
// the terms of resource.go, and an entry in kinds.go.
//
// [Cloud.Faults] breaks things by name. [Cloud.Routes] lists which part of
// the API is emulated; the rest answers 501 and names itself.
package exoapi
