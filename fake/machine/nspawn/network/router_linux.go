package network

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

const (
	uplink      = "up0" // the router's link to the host
	namespaces  = "/run/netns"
	egressPort  = 3129
	borrowTable = 100 // routes for answers to borrowed addresses
)

// newNamespace makes a named namespace, as `ip netns add` does.
func newNamespace(name string) (netns.NsHandle, error) {
	ns := netns.None()
	done := make(chan error, 1)
	go onOwnThread(done, func() (err error) {
		ns, err = netns.NewNamed(name)
		return err
	})
	if err := <-done; err != nil {
		return netns.None(), fmt.Errorf("make network namespace %s: %w", name, err)
	}
	return ns, nil
}

// buildRouter gives the router its own addresses and routes.
func (n *Network) buildRouter() error {
	if err := inNamespace(n.router, routerSettings); err != nil {
		return fmt.Errorf("set up the router: %w", err)
	}
	lo, err := n.links.LinkByName("lo")
	if err != nil {
		return fmt.Errorf("set up the router: %w", err)
	}
	if err := n.links.LinkSetUp(lo); err != nil {
		return fmt.Errorf("set up the router: %w", err)
	}
	for _, a := range []netip.Addr{n.gateway, n.checker, Metadata()} {
		address := &netlink.Addr{IPNet: single(a)}
		if a.IsLinkLocalUnicast() {
			address.Scope = unix.RT_SCOPE_LINK // never a source for anything else
		}
		if err := n.links.AddrAdd(lo, address); err != nil {
			return fmt.Errorf("give the router address %v: %w", a, err)
		}
	}
	routes := []netlink.Route{
		// All addresses of load balancers are the router's, in use or not:
		// where nothing listens, connections are refused at once.
		{Dst: ipNet(n.balancers), Table: unix.RT_TABLE_LOCAL, Type: unix.RTN_LOCAL, Scope: unix.RT_SCOPE_HOST},
		// Answers to clients for whom a load balancer asked come back here.
		{
			Dst: ipNet(netip.PrefixFrom(netip.IPv4Unspecified(), 0)), Table: borrowTable,
			Type: unix.RTN_LOCAL, Scope: unix.RT_SCOPE_HOST,
		},
		// Everything else but TCP fails at once instead of by a timeout.
		{Dst: ipNet(netip.PrefixFrom(netip.IPv4Unspecified(), 0)), Type: unix.RTN_PROHIBIT},
	}
	for _, r := range routes {
		if r.Type == unix.RTN_LOCAL {
			r.LinkIndex = lo.Attrs().Index
		}
		if err := n.links.RouteAdd(&r); err != nil {
			return fmt.Errorf("give the router route %v: %w", r, err)
		}
	}
	rule := netlink.NewRule()
	rule.Family, rule.Mark, rule.Table, rule.Priority = netlink.FAMILY_V4, markAnswer, borrowTable, 100
	if err := n.links.RuleAdd(rule); err != nil {
		return fmt.Errorf("give the router rule %v: %w", rule, err)
	}
	return nil
}

// routerSettings runs in the router namespace: there, and only there, these
// files are that namespace's own.
func routerSettings() error {
	for name, value := range map[string]string{
		"ipv4/ip_forward":                "1",
		"ipv4/conf/all/rp_filter":        "1", // machines cannot pose as others
		"ipv6/conf/all/disable_ipv6":     "1",
		"ipv6/conf/default/disable_ipv6": "1",
		"ipv4/conf/all/accept_redirects": "0",
	} {
		path := filepath.Join("/proc/sys/net", name)
		err := os.WriteFile(path, []byte(value), 0)
		if os.IsNotExist(err) {
			continue // a kernel without IPv6
		}
		if err != nil {
			return fmt.Errorf("set %s: %w", path, err)
		}
	}
	return nil
}

// connectHost links the host to the router.
func (n *Network) connectHost(host *netlink.Handle) error {
	name := hostLink(n.cfg.Prefix)
	veth := netlink.NewVeth(netlink.LinkAttrs{Name: name})
	veth.PeerName, veth.PeerNamespace = uplink, netlink.NsFd(int(n.router))
	if err := host.LinkAdd(veth); err != nil {
		return fmt.Errorf("make link %s: %w", name, err)
	}
	link, err := host.LinkByName(name)
	if err != nil {
		return fmt.Errorf("make link %s: %w", name, err)
	}
	if err := host.AddrAdd(link, &netlink.Addr{IPNet: single(n.host)}); err != nil {
		return fmt.Errorf("give link %s address %v: %w", name, n.host, err)
	}
	if err := n.connect(uplink, func() error { return host.LinkSetUp(link) }); err != nil {
		return fmt.Errorf("start link %s: %w", name, err)
	}
	if err := n.routeTo(uplink, n.host); err != nil {
		return err
	}
	routes := []netlink.Route{
		// Should the link go, traffic for machines must not leave by the
		// default route, for whoever has these addresses elsewhere.
		{Dst: ipNet(n.whole), Type: unix.RTN_UNREACHABLE, Priority: guardMetric(n.cfg.Prefix)},
		{
			Dst: ipNet(n.whole), LinkIndex: link.Attrs().Index, Gw: n.gateway.AsSlice(), Src: n.host.AsSlice(),
			Flags: int(netlink.FLAG_ONLINK),
		},
	}
	for _, r := range routes {
		if err := host.RouteAdd(&r); err != nil {
			return fmt.Errorf("add route %v: %w", r, err)
		}
	}
	return nil
}

// connect starts a link whose other end is started by the function given, so
// that both pass packets at once. An end that comes up while the other is down
// would lose what is sent until the kernel looks at it again, a second later.
func (n *Network) connect(name string, other func() error) error {
	link, err := n.links.LinkByName(name)
	if err != nil {
		return fmt.Errorf("find the router's link %s: %w", name, err)
	}
	if err := n.links.LinkSetUp(link); err != nil {
		return fmt.Errorf("start the router's link %s: %w", name, err)
	}
	if err := other(); err != nil {
		return err
	}
	if err := errors.Join(n.links.LinkSetDown(link), n.links.LinkSetUp(link)); err != nil {
		return fmt.Errorf("start the router's link %s again: %w", name, err)
	}
	return nil
}

// routeTo routes one address to a link of the router.
func (n *Network) routeTo(name string, a netip.Addr) error {
	link, err := n.links.LinkByName(name)
	if err != nil {
		return fmt.Errorf("find the router's link %s: %w", name, err)
	}
	route := &netlink.Route{Dst: single(a), LinkIndex: link.Attrs().Index, Scope: unix.RT_SCOPE_LINK}
	if err := n.links.RouteReplace(route); err != nil {
		return fmt.Errorf("route %v to link %s: %w", a, name, err)
	}
	return nil
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

func single(a netip.Addr) *net.IPNet { return ipNet(netip.PrefixFrom(a, a.BitLen())) }
