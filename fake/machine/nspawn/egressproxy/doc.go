// Package egressproxy passes on the TCP connections that machines make to the rest of
// the world. A network that ends them here and says where each was meant to go
// needs neither forwarding nor address translation on the host: to the
// world, this program is the client.
//
// A machine reaches what the host reaches, its own services and its local
// network included, but not what only the host itself may see: loopback
// addresses, and link-local ones, among them the metadata service of the cloud
// that the host may be a machine of.
package egressproxy
