// Package driverapi is what runs the machines, load balancers and firewalls of an
// emulated cloud: the interface [Driver] and its types.
//
//	emulator ──▶ Driver ──▶ processes, containers, nothing at all
//
// A driver may also be an [Observer], if its machines do things by themselves,
// a [Killer], if it can take their power, a [Firewall], if it enforces security
// groups, and a [HelperStarter], if it boots machines for what surrounds the cloud.
package driverapi
