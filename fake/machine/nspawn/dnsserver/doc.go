// Package dnsserver is the name server of machines that really boot. It answers for
// the names of the emulated cloud itself, and for others that its user gives
// it, and asks the name servers of the host for all the rest.
package dnsserver
