package discovery

import "net/netip"

// Addresses that no public member has, and that would make the scraper scrape its
// own host or network, from the registries of special-purpose addresses (RFC
// 6890). Private ranges are not among them: they are used in labs and by pools
// behind a private network.
var refusedIPv4 = []struct {
	prefix netip.Prefix
	why    string
}{
	{netip.MustParsePrefix("0.0.0.0/8"), "unspecified"},
	{netip.MustParsePrefix("127.0.0.0/8"), loopback},
	{netip.MustParsePrefix("169.254.0.0/16"), "link-local"},
	{netip.MustParsePrefix("224.0.0.0/4"), "multicast"},
	{netip.MustParsePrefix("240.0.0.0/4"), "reserved or broadcast"},
}

// The reason of loopback addresses, which can be allowed.
const loopback = "loopback"

// Of IPv6, only global and unique local unicast addresses are accepted, and none
// that contains an IPv4 address, which could be any of those above.
var (
	global = netip.MustParsePrefix("2000::/3")
	unique = netip.MustParsePrefix("fc00::/7")
	teredo = netip.MustParsePrefix("2001::/32")
	sixTo4 = netip.MustParsePrefix("2002::/16")
)

// refusal returns why addr must not be a target, or nothing if it may be one.
func (cfg Config) refusal(addr netip.Addr) string {
	why := special(addr)
	if why == loopback && cfg.AllowLoopback {
		return ""
	}
	return why
}

// special returns why addr cannot be the public address of a machine, or nothing.
func special(addr netip.Addr) string {
	switch {
	case addr.Zone() != "":
		return "with a zone"
	case addr.Is4():
		for _, refused := range refusedIPv4 {
			if refused.prefix.Contains(addr) {
				return refused.why
			}
		}
		return ""
	case addr.IsLoopback() && !addr.Is4In6():
		return loopback
	case teredo.Contains(addr), sixTo4.Contains(addr), addr.Is4In6():
		return "IPv4 inside IPv6"
	case global.Contains(addr), unique.Contains(addr):
		return ""
	case addr.IsLinkLocalUnicast():
		return "link-local"
	case addr.IsMulticast():
		return "multicast"
	case addr.IsUnspecified():
		return "unspecified"
	}
	return "reserved"
}

// A refusedAddress must not be a target.
type refusedAddress struct {
	addr netip.Addr
	why  string
}

// newMember returns the member without addresses that must not be targets, and
// one of those. It prefers IPv4: not every Prometheus server has IPv6.
func (cfg Config) newMember(instance *Instance) (member, *refusedAddress) {
	m := member{Instance: instance}
	var refused *refusedAddress
	for _, addr := range []netip.Addr{instance.IPv4, instance.IPv6} {
		if !addr.IsValid() {
			continue
		}
		why := cfg.refusal(addr)
		switch {
		case why != "":
			refused = &refusedAddress{addr, why}
		case !m.addr.IsValid():
			m.addr = addr
		}
	}
	if refused != nil { // labels must not have it, either
		accepted := *instance
		for _, addr := range []*netip.Addr{&accepted.IPv4, &accepted.IPv6} {
			if addr.IsValid() && cfg.refusal(*addr) != "" {
				*addr = netip.Addr{}
			}
		}
		m.Instance = &accepted
	}
	return m, refused
}
