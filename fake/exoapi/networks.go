package exoapi

import (
	"log/slog"
	"math/bits"
	"net/netip"
	"slices"
)

// A privateNetwork connects instances of a zone. One with a range of addresses
// is managed: it leases them to its instances. No packets flow.
type privateNetwork struct {
	networkSettings

	id, zone string
	vni      int
	nics     ordered[nic] // by instance
}

type networkSettings struct {
	name, description   string
	labels              map[string]string
	start, end, netmask netip.Addr // all three or none
	options             *networkOptions
}

// networkOptions are what DHCP tells instances besides their address.
type networkOptions struct {
	Routers      []string `json:"routers,omitempty"`
	DNSServers   []string `json:"dns-servers,omitempty"`
	NTPServers   []string `json:"ntp-servers,omitempty"`
	DomainSearch []string `json:"domain-search,omitempty"`
}

// A nic is an instance's interface in a private network.
type nic struct {
	instance *instance
	network  *privateNetwork
	mac      string
	lease    netip.Addr // the zero Addr without one
}

// maxDomainSearch is the limit of the search list as a whole, in bytes.
const maxDomainSearch = 255

func (s *networkSettings) managed() bool { return s.start.IsValid() }

// subnet is where addresses may be; the range of dynamic leases is inside.
func (s *networkSettings) subnet() netip.Prefix {
	ones, _ := maskBits(s.netmask)
	return netip.PrefixFrom(s.start, ones).Masked()
}

// maskBits returns the length of a mask; ok is false if its ones have gaps.
func maskBits(mask netip.Addr) (ones int, ok bool) {
	b := mask.As4()
	m := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	ones = bits.LeadingZeros32(^m)
	return ones, bits.OnesCount32(m) == ones
}

// read reads what can be given at creation and changed later.
func (s *networkSettings) read(f *fields) {
	f.refuseNull()
	f.text("name", &s.name, 1, maxText)
	f.text("description", &s.description, 0, maxText)
	f.labels(&s.labels)
	f.address("start-ip", &s.start)
	f.address("end-ip", &s.end)
	f.address("netmask", &s.netmask)
	if o := f.object("options"); o != nil {
		s.options = readNetworkOptions(o)
	}
	if f.problem() == nil {
		s.check(f)
	}
}

func (s *networkSettings) check(f *fields) {
	if !s.start.IsValid() && !s.end.IsValid() && !s.netmask.IsValid() {
		return
	}
	if !s.start.IsValid() || !s.end.IsValid() || !s.netmask.IsValid() {
		f.reject("start-ip, end-ip and netmask go together")
		return
	}
	switch _, ok := maskBits(s.netmask); {
	case !ok:
		f.reject("netmask %s has gaps", s.netmask)
	case s.end.Less(s.start):
		f.reject("start-ip must not be above end-ip")
	case !s.subnet().Contains(s.end):
		f.reject("start-ip and end-ip are not in one network of netmask %s", s.netmask)
	}
}

func readNetworkOptions(f *fields) *networkOptions {
	f.refuseNull()
	o := &networkOptions{}
	for key, to := range map[string]*[]string{
		"routers": &o.Routers, "dns-servers": &o.DNSServers, "ntp-servers": &o.NTPServers,
	} {
		f.texts(key, to)
		for _, text := range *to {
			if addr, err := netip.ParseAddr(text); err != nil || !addr.Is4() {
				f.reject("%s%s must be IPv4 addresses", f.path, key)
			}
		}
	}
	f.texts("domain-search", &o.DomainSearch)
	length := 0
	for _, domain := range o.DomainSearch {
		length += len(domain)
	}
	if length > maxDomainSearch {
		f.reject("%sdomain-search must not have more than %d bytes", f.path, maxDomainSearch)
	}
	return o
}

// address reads an IPv4 address.
func (f *fields) address(key string, to *netip.Addr) {
	text, ok := decode[string](f, key, "an IPv4 address")
	if !ok {
		return
	}
	addr, err := netip.ParseAddr(text)
	if err != nil || !addr.Is4() {
		f.reject("%s%s must be an IPv4 address", f.path, key)
		return
	}
	*to = addr
}

// network finds one in a zone.
func (w *world) network(zone, id string) (*privateNetwork, error) {
	n := w.networks.get(id)
	if n == nil || n.zone != zone {
		return nil, notFound("private network", id)
	}
	return n, nil
}

// connect gives an instance an interface, and a lease if the network is
// managed: the one asked for or, if that is the zero Addr, any.
func (w *world) connect(i *instance, n *privateNetwork, lease netip.Addr) {
	c := &nic{instance: i, network: n, mac: w.ids.mac(0x0a), lease: lease}
	n.nics.add(i.id, c)
	i.nics = append(slices.Clone(i.nics), c)
	i.listed = nil
	w.lease(c)
}

// lease gives an interface without a lease the first free address of a managed
// network. Where all are taken the instance goes without, as no API call has
// asked for the address.
func (w *world) lease(c *nic) {
	n := c.network
	if !n.managed() || c.lease.IsValid() {
		return
	}
	for addr := n.start; addr.IsValid() && addr.Compare(n.end) <= 0; addr = addr.Next() {
		if n.holder(addr) == nil {
			c.lease = addr
			return
		}
	}
	w.log.Warn("no lease is left", slog.String("network", n.id), slog.String("instance", c.instance.id))
}

// holder returns the interface that an address is leased to, or nil.
func (n *privateNetwork) holder(addr netip.Addr) *nic {
	for c := range n.nics.all() {
		if c.lease == addr {
			return c
		}
	}
	return nil
}

func (i *instance) disconnect(c *nic) {
	c.network.nics.remove(i.id)
	i.nics = slices.DeleteFunc(slices.Clone(i.nics), func(other *nic) bool { return other == c })
	i.listed = nil
}
