package exoapi

import (
	"log/slog"
	"math/bits"
	"net/netip"
	"slices"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
)

// A privateNetwork connects instances of a zone. One with a range of addresses
// is managed: it leases them to its instances. No packets flow.
type privateNetwork struct {
	networkSettings

	id, zone string
	vni      int
	nics     world.Store[nic] // by instance
}

type networkSettings struct {
	name, description   string
	labels              map[string]string
	start, end, netmask netip.Addr // all three or none
	options             networkOptions
}

// networkOptions are what DHCP gives instances besides their address.
type networkOptions struct {
	Routers      []string `json:"routers,omitempty"`
	DNSServers   []string `json:"dns-servers,omitempty"`
	NTPServers   []string `json:"ntp-servers,omitempty"`
	DomainSearch []string `json:"domain-search,omitempty"`
}

// IsZero reports whether there are none, so that answers leave them out.
func (o networkOptions) IsZero() bool {
	return len(o.Routers)+len(o.DNSServers)+len(o.NTPServers)+len(o.DomainSearch) == 0
}

// A nic is an instance's interface in a private network.
type nic struct {
	instance *instance
	network  *privateNetwork
	mac      string
	lease    netip.Addr // the zero Addr without one
}

type networkView struct {
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	Description string            `json:"description"`
	Labels      map[string]string `json:"labels,omitempty"`
	VNI         int               `json:"vni"`
	StartIP     string            `json:"start-ip,omitempty"`
	EndIP       string            `json:"end-ip,omitempty"`
	Netmask     string            `json:"netmask,omitempty"`
	Options     networkOptions    `json:"options,omitzero"`
	Leases      []leaseView       `json:"leases,omitempty"`
}

type leaseView struct {
	IP         string `json:"ip"`
	InstanceID string `json:"instance-id"`
}

type privateNetworks struct {
	collection[privateNetwork]

	logger    *slog.Logger
	instances *instances
	lastVNI   int
}

func newPrivateNetworks(w *world.World, logger *slog.Logger) *privateNetworks {
	return &privateNetworks{
		collection: collection[privateNetwork]{
			world: w, kind: "private-network", label: "private network",
			quota: &world.Quota{Name: "private-network", Limit: 10},
			zone:  func(n *privateNetwork) string { return n.zone },
			name:  func(n *privateNetwork) string { return n.name },
			view:  func(n *privateNetwork) any { return n.view() },
		},
		logger: logger,
	}
}

func (s *privateNetworks) declare() resource {
	d := s.collection.declare(
		get("/private-network", "list-private-networks", s.list),
		post("/private-network", "create-private-network", s.create),
		get("/private-network/{id}", "get-private-network", s.get),
		put("/private-network/{id}", "update-private-network", s.update),
		del("/private-network/{id}", "delete-private-network", s.delete),
		del("/private-network/{id}/{field}", "reset-private-network-field", s.resetField),
		put("/private-network/{id}:attach", "attach-instance-to-private-network", s.attach),
		put("/private-network/{id}:detach", "detach-instance-from-private-network", s.detach),
		put("/private-network/{id}:update-ip", "update-private-network-instance-ip", s.changeLease),
	)
	d.Forget = func(id string) {
		for n := range s.All() {
			if c := n.nics.Get(id); c != nil {
				s.disconnect(c)
			}
		}
	}
	return d
}

func (n *privateNetwork) view() networkView {
	v := networkView{
		ID:          n.id,
		Name:        n.name,
		Description: n.description,
		Labels:      n.labels,
		VNI:         n.vni,
		Options:     n.options,
	}
	if n.managed() {
		v.StartIP, v.EndIP, v.Netmask = n.start.String(), n.end.String(), n.netmask.String()
	}
	for c := range n.nics.All() {
		if c.lease.IsValid() {
			v.Leases = append(v.Leases, leaseView{c.lease.String(), c.instance.id})
		}
	}
	return v
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
func (s *networkSettings) read(f *wire.Fields) {
	f.RefuseNull()
	f.Text("name", &s.name, 1, wire.MaxText)
	f.Text("description", &s.description, 0, wire.MaxText)
	f.Labels(&s.labels)
	f.Address("start-ip", &s.start)
	f.Address("end-ip", &s.end)
	f.Address("netmask", &s.netmask)
	if o := f.Object("options"); o != nil {
		s.options = readNetworkOptions(o)
	}
	if f.Err() == nil {
		s.validate(f)
	}
}

func (s *networkSettings) validate(f *wire.Fields) {
	if !s.start.IsValid() && !s.end.IsValid() && !s.netmask.IsValid() {
		return
	}
	if !s.start.IsValid() || !s.end.IsValid() || !s.netmask.IsValid() {
		f.Reject("start-ip, end-ip and netmask go together")
		return
	}
	switch _, ok := maskBits(s.netmask); {
	case !ok:
		f.Reject("netmask %s has gaps", s.netmask)
	case s.end.Less(s.start):
		f.Reject("start-ip must not be above end-ip")
	case !s.subnet().Contains(s.end):
		f.Reject("start-ip and end-ip are not in one network of netmask %s", s.netmask)
	}
}

func readNetworkOptions(f *wire.Fields) networkOptions {
	f.RefuseNull()
	o := networkOptions{}
	for key, to := range map[string]*[]string{
		"routers": &o.Routers, "dns-servers": &o.DNSServers, "ntp-servers": &o.NTPServers,
	} {
		f.Texts(key, to)
		for _, text := range *to {
			if addr, err := netip.ParseAddr(text); err != nil || !addr.Is4() {
				f.Reject("%s%s must be IPv4 addresses", f.Path, key)
			}
		}
	}
	f.Texts("domain-search", &o.DomainSearch)
	length := 0
	for _, domain := range o.DomainSearch {
		length += len(domain)
	}
	if length > maxDomainSearch {
		f.Reject("%sdomain-search must not have more than %d bytes", f.Path, maxDomainSearch)
	}
	return o
}

// connect gives an instance an interface, and a lease if the network is
// managed: the one asked for or, if that is the zero Addr, any.
func (s *privateNetworks) connect(i *instance, n *privateNetwork, lease netip.Addr) {
	c := &nic{instance: i, network: n, mac: s.world.IDs.MAC(0x0a), lease: lease}
	n.nics.Add(i.id, c)
	i.nics = append(slices.Clone(i.nics), c)
	i.encoded = nil
	s.lease(c)
}

// lease gives an interface without a lease the first free address of a managed
// network. Where all are taken the instance gets none, as no API call has asked
// for the address.
func (s *privateNetworks) lease(c *nic) {
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
	s.logger.Warn("no lease is left", slog.String("network", n.id), slog.String("instance", c.instance.id))
}

// holder returns the interface that an address is leased to, or nil.
func (n *privateNetwork) holder(addr netip.Addr) *nic {
	for c := range n.nics.All() {
		if c.lease == addr {
			return c
		}
	}
	return nil
}

func (s *privateNetworks) disconnect(c *nic) {
	c.network.nics.Remove(c.instance.id)
	c.instance.nics = slices.DeleteFunc(slices.Clone(c.instance.nics), func(other *nic) bool { return other == c })
	c.instance.encoded = nil
}
