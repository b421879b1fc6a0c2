// Package process runs what the instances and load balancers of the emulated
// cloud stand for, behind the interface [driverapi.Driver].
//
// A machine of [Driver] is a process on a loopback address of its own, with the
// load generator on port 8080, a node exporter on port 9100 and the endpoint for
// draining on port 9101; its load balancers forward TCP and check health for
// real. State alone needs nothing from here: a cloud without a driver keeps its
// own.
//
// The process driver starts the running program once more for every machine.
// Package member is what runs then: each main, and each TestMain, that uses the
// driver calls member.Run before anything else.
package process
