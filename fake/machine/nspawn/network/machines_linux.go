package network

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"

	"github.com/google/nftables"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// machineLink is a machine's own interface, as on the real ones.
const machineLink = "eth0"

// Attach gives a machine a namespace of its own with an interface eth0 that is
// up and has the address, and returns the path of the namespace. Nothing in
// the machine needs to configure the network. Attaching a machine again where
// it is has no effect.
func (n *Network) Attach(_ context.Context, id string, addr netip.Addr) (string, error) {
	if err := validateID(id); err != nil {
		return "", fmt.Errorf("attach machine: %w", err)
	}
	if !n.instances.Contains(addr) && addr != n.helper {
		return "", fmt.Errorf("attach machine %s: address %v is not in %v", id, addr, n.instances)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return "", fmt.Errorf("attach machine %s: the network is closed", id)
	}
	if at, ok := n.machines[id]; ok && at == addr {
		return n.path(id), nil
	}
	for other, at := range n.machines {
		if other == id || at == addr {
			return "", fmt.Errorf("attach machine %s at %v: machine %s is at %v", id, addr, other, at)
		}
	}
	if err := n.attach(id, addr); err != nil {
		return "", fmt.Errorf("attach machine %s: %w", id, errors.Join(err, n.remove(id, addr)))
	}
	n.machines[id] = addr
	return n.path(id), nil
}

func (n *Network) attach(id string, addr netip.Addr) error {
	ns, err := newNamespace(n.namespace(id))
	if err != nil {
		return err
	}
	defer ns.Close()
	veth := netlink.NewVeth(netlink.LinkAttrs{Name: linkName(addr)})
	veth.PeerName, veth.PeerNamespace, veth.PeerHardwareAddr = machineLink, netlink.NsFd(int(ns)), hardwareAddress(addr)
	if err := n.links.LinkAdd(veth); err != nil {
		return fmt.Errorf("make link %s: %w", linkName(addr), err)
	}
	if err := n.connect(linkName(addr), func() error { return configure(ns, addr, n.gateway) }); err != nil {
		return err
	}
	return n.routeTo(linkName(addr), addr)
}

// Reset brings the network of a machine into the state that [Network.Attach]
// left it in. Its namespace outlives a boot, and with it the links and
// firewall rules that container engines of the last boot made: their address
// translation would keep the next ones from being reached.
func (n *Network) Reset(_ context.Context, id string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	addr, ok := n.machines[id]
	if !ok {
		return fmt.Errorf("reset network of machine %s: it is not attached", id)
	}
	ns, err := netns.GetFromPath(n.path(id))
	if err != nil {
		return fmt.Errorf("reset network of machine %s: %w", id, err)
	}
	defer ns.Close()
	if err := errors.Join(clean(ns), configure(ns, addr, n.gateway)); err != nil {
		return fmt.Errorf("reset network of machine %s: %w", id, err)
	}
	return nil
}

// Detach removes a machine's namespace and link. A machine that is not attached
// is none to detach.
func (n *Network) Detach(id string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	addr, ok := n.machines[id]
	if !ok {
		return nil
	}
	delete(n.machines, id)
	if err := n.remove(id, addr); err != nil {
		return fmt.Errorf("detach machine %s: %w", id, err)
	}
	return nil
}

// remove does not wait for the namespace to take the link along: a process
// that is in there may keep it.
func (n *Network) remove(id string, addr netip.Addr) error {
	link, err := n.links.LinkByName(linkName(addr))
	if err == nil {
		err = n.links.LinkDel(link)
	}
	if isNotFound(err) {
		err = nil
	}
	if err != nil {
		err = fmt.Errorf("remove link %s: %w", linkName(addr), err)
	}
	return errors.Join(err, removeNamespace(n.namespace(id)))
}

func (n *Network) namespace(id string) string { return n.cfg.Prefix + "-" + id }

func (n *Network) path(id string) string { return filepath.Join(namespaces, n.namespace(id)) }

func hardwareAddress(addr netip.Addr) net.HardwareAddr {
	return append(net.HardwareAddr{0x06, 0x00}, addr.AsSlice()...)
}

// configure gives a machine its address and its way out.
func configure(ns netns.NsHandle, addr, gateway netip.Addr) error {
	h, err := netlink.NewHandleAt(ns)
	if err != nil {
		return fmt.Errorf("talk to the kernel: %w", err)
	}
	defer h.Close()
	for _, name := range []string{"lo", machineLink} {
		link, err := h.LinkByName(name)
		if err != nil {
			return fmt.Errorf("find interface %s: %w", name, err)
		}
		if name == machineLink {
			if err := h.AddrReplace(link, &netlink.Addr{IPNet: single(addr)}); err != nil {
				return fmt.Errorf("set address %v: %w", addr, err)
			}
		}
		if err := h.LinkSetUp(link); err != nil {
			return fmt.Errorf("start interface %s: %w", name, err)
		}
		if name != machineLink {
			continue
		}
		way := &netlink.Route{
			Dst: ipNet(netip.PrefixFrom(netip.IPv4Unspecified(), 0)), LinkIndex: link.Attrs().Index,
			Gw: gateway.AsSlice(), Flags: int(netlink.FLAG_ONLINK),
		}
		if err := h.RouteReplace(way); err != nil {
			return fmt.Errorf("set default route: %w", err)
		}
	}
	return nil
}

// clean removes what an earlier boot made: links, and firewall rules.
func clean(ns netns.NsHandle) error {
	h, err := netlink.NewHandleAt(ns)
	if err != nil {
		return fmt.Errorf("talk to the kernel: %w", err)
	}
	defer h.Close()
	links, err := h.LinkList()
	if err != nil {
		return fmt.Errorf("list links: %w", err)
	}
	var errs []error
	for _, l := range links {
		name := l.Attrs().Name
		if name == "lo" || name == machineLink {
			continue
		}
		// A link may be gone already with its peer.
		if err := h.LinkDel(l); err != nil && !errors.Is(err, unix.ENODEV) && !errors.Is(err, unix.EOPNOTSUPP) {
			errs = append(errs, fmt.Errorf("remove link %s: %w", name, err))
		}
	}
	rules, err := nftables.New(nftables.WithNetNSFd(int(ns)))
	if err != nil {
		return errors.Join(append(errs, fmt.Errorf("talk to nf_tables: %w", err))...)
	}
	rules.FlushRuleset()
	if err := rules.Flush(); err != nil {
		errs = append(errs, fmt.Errorf("remove firewall rules: %w", err))
	}
	return errors.Join(errs...)
}
