package world

import "net/netip"

// Addresses hands out the addresses of a range. One that was given back is
// used again only after all others, as clients may remember it.
type Addresses struct {
	prefix netip.Prefix
	next   netip.Addr
	used   map[netip.Addr]bool
	size   int
}

// NewAddresses hands out the addresses of a range.
func NewAddresses(prefix netip.Prefix) *Addresses {
	prefix = prefix.Masked()
	size := 1 << 30
	if host := prefix.Addr().BitLen() - prefix.Bits(); host < 30 {
		size = 1 << host
	}
	return &Addresses{
		prefix: prefix,
		next:   prefix.Addr().Next(),
		used:   map[netip.Addr]bool{},
		// The first address of the range names the network.
		size: size - 1,
	}
}

func (a *Addresses) free() int { return a.size - len(a.used) }

// Take returns an unused address; [World.CheckQuota] says whether there is one.
func (a *Addresses) Take() netip.Addr {
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

// Release takes an address back.
func (a *Addresses) Release(addr netip.Addr) { delete(a.used, addr) }
