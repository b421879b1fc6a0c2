// Package inspection reads what goes on in a machine: its sockets and processes
// from the host's /proc, its containers from what their engine prints.
package inspection
