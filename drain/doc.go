// Package drain asks members of a pool to finish their work before they go.
//
// A member that drains fails the load balancer's health check, so that it soon
// gets no new connections; until then, and for as long as they last, it serves
// those that it has. Each call of [Client.Drain] extends a drain, which ends by
// itself when the calls cease: a caller that dies leaves no member out.
//
//	Drain ──▶ draining ──Drain──▶ draining ──Drain: 0 connections──▶ it may go
//	             │ └──Resume──▶ serving
//	             └──no call for the lease──▶ serving
//
// What is asked is a small endpoint on each member, in the installation of this
// repository the file terraform/files/member/drain.py. The package knows no
// cloud: whoever uses it says where health checks come from.
//
// A small program that uses it is in examples/drain.
package drain
