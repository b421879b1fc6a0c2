package exoapi

import "net/netip"

// addresses hands out the addresses of a range. One that was given back is
// used again only after all others, as clients may remember it.
type addresses struct {
	prefix netip.Prefix
	next   netip.Addr
	used   map[netip.Addr]bool
	size   int
}

func newAddresses(prefix netip.Prefix) *addresses {
	prefix = prefix.Masked()
	size := 1 << 30
	if host := prefix.Addr().BitLen() - prefix.Bits(); host < 30 {
		size = 1 << host
	}
	return &addresses{
		prefix: prefix,
		next:   prefix.Addr().Next(),
		used:   map[netip.Addr]bool{},
		// The first address of the range names the network.
		size: size - 1,
	}
}

func (a *addresses) free() int { return a.size - len(a.used) }

// take returns an unused address; the caller made sure there is one.
func (a *addresses) take() netip.Addr {
	for {
		addr := a.next
		a.next = addr.Next()
		if !a.prefix.Contains(addr) {
			a.next = a.prefix.Addr().Next()
			continue
		}
		if !a.used[addr] {
			a.used[addr] = true
			return addr
		}
	}
}

func (a *addresses) release(addr netip.Addr) { delete(a.used, addr) }
