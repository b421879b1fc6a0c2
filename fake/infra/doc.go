// Package infra is what an emulated cloud asks of the machines beneath it: the
// interface [Driver] and what it speaks of.
//
//	emulator ──▶ Driver ──▶ processes, containers, nothing at all
//
// A driver may also be an [Observer], if its machines do things by themselves,
// and a [Firewall], if it enforces security groups.
package infra
