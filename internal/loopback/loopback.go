// Package loopback is about addresses that only programs on the same host
// reach, and guards the pages that are served there.
package loopback

import (
	"net"
	"net/netip"
	"strings"
)

// IsAddrPort reports whether address is a loopback IP address with a port,
// as listeners and requests have it.
func IsAddrPort(address string) bool {
	addr, err := netip.ParseAddrPort(address)
	return err == nil && addr.Addr().Unmap().IsLoopback()
}

// IsHost reports whether host, with or without a port, is a loopback IP
// address or localhost, as people write it and Host headers repeat it.
func IsHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	return err == nil && addr.Unmap().IsLoopback()
}
