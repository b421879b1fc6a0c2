package network

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// Sweep removes what a program that died left of the network with the given
// prefix. It fails, and removes nothing, when that network is in use. The
// prefix is as in [Config].
func Sweep(ctx context.Context, prefix string) error {
	if err := validatePrefix(prefix); err != nil {
		return fmt.Errorf("sweep network: %w", err)
	}
	claim, err := claimPrefix(ctx, prefix)
	if err != nil {
		return fmt.Errorf("sweep network: %w", err)
	}
	defer claim.Close()
	host, err := netlink.NewHandle()
	if err != nil {
		return fmt.Errorf("sweep network: talk to the kernel: %w", err)
	}
	defer host.Close()
	if err := sweep(host, prefix); err != nil {
		return fmt.Errorf("sweep network: %w", err)
	}
	return nil
}

// claimPrefix makes sure that one program at a time has a network of that
// name. An abstract socket is a name that the kernel frees when its owner dies.
func claimPrefix(ctx context.Context, prefix string) (net.Listener, error) {
	claim, err := (&net.ListenConfig{}).Listen(ctx, "unix", "@exopool/network/"+prefix)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("another program has machines with the prefix %q now: end it, or choose another prefix", prefix)
	}
	if err != nil {
		return nil, fmt.Errorf("claim prefix %q: %w", prefix, err)
	}
	return claim, nil
}

// sweep goes on when something resists, so that as little as possible is left.
func sweep(host *netlink.Handle, prefix string) error {
	var errs []error
	names, err := namespacesOf(prefix)
	if err != nil {
		errs = append(errs, err)
	}
	link, err := host.LinkByName(hostLink(prefix))
	if err == nil {
		err = host.LinkDel(link)
	}
	if err != nil && !isNotFound(err) {
		errs = append(errs, fmt.Errorf("remove link %s: %w", hostLink(prefix), err))
	}
	for _, name := range names {
		if err := removeNamespace(name); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(append(errs, removeGuard(host, prefix))...)
}

// namespacesOf lists the router's and the machines' namespaces.
func namespacesOf(prefix string) ([]string, error) {
	entries, err := os.ReadDir(namespaces)
	if err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("list network namespaces: %w", err)
	}
	var names []string
	for _, e := range entries {
		if e.Name() == prefix || strings.HasPrefix(e.Name(), prefix+"-") {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// removeNamespace takes the name away. The namespace itself goes, with its
// links, when no process is in it any more.
func removeNamespace(name string) error {
	err := netns.DeleteNamed(name)
	if errors.Is(err, unix.EINVAL) {
		err = os.Remove(namespaces + "/" + name) // a name that was never bound
	}
	if err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("remove network namespace %s: %w", name, err)
	}
	return nil
}

// isNotFound reports whether a link does not exist.
func isNotFound(err error) bool {
	_, missing := errors.AsType[netlink.LinkNotFoundError](err)
	return missing || errors.Is(err, unix.ENODEV)
}

func hostLink(prefix string) string { return prefix + "-h" }

// guardMetric is far above those of real routes, and differs from that of other prefixes.
func guardMetric(prefix string) int {
	return 0x7000_0000 | int(crc32.ChecksumIEEE([]byte(prefix))&0x0fff_ffff)
}

func removeGuard(host *netlink.Handle, prefix string) error {
	routes, err := host.RouteListFiltered(netlink.FAMILY_V4,
		&netlink.Route{Type: unix.RTN_UNREACHABLE}, netlink.RT_FILTER_TYPE)
	if err != nil {
		return fmt.Errorf("list routes: %w", err)
	}
	var errs []error
	for _, r := range routes {
		if r.Priority != guardMetric(prefix) {
			continue
		}
		if err := host.RouteDel(&r); err != nil {
			errs = append(errs, fmt.Errorf("remove route %v: %w", r, err))
		}
	}
	return errors.Join(errs...)
}

// refuseOverlap finds any other use that the host has for the range. It
// looks at routes only: every address of an interface has one, too.
func refuseOverlap(host *netlink.Handle, whole netip.Prefix, flag string) error {
	routes, err := host.RouteListFiltered(netlink.FAMILY_V4,
		&netlink.Route{Table: unix.RT_TABLE_UNSPEC}, netlink.RT_FILTER_TABLE)
	if err != nil {
		return fmt.Errorf("list routes: %w", err)
	}
	for _, r := range routes {
		if r.Dst == nil {
			continue
		}
		address, _ := netip.AddrFromSlice(r.Dst.IP)
		bits, _ := r.Dst.Mask.Size()
		to := netip.PrefixFrom(address.Unmap(), bits)
		// Halves of everything are how VPN clients write a default route.
		if bits <= 1 || !to.Overlaps(whole) {
			continue
		}
		advice := "choose a range that is free"
		if flag != "" {
			advice += " with " + flag
		}
		return fmt.Errorf("address range %v overlaps this host's route to %v%s: %s", whole, to, device(host, r), advice)
	}
	return nil
}

func device(host *netlink.Handle, r netlink.Route) string {
	link, err := host.LinkByIndex(r.LinkIndex)
	if err != nil {
		return ""
	}
	return " on interface " + link.Attrs().Name
}
