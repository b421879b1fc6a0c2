package network

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"sync"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"

	"github.com/exopool/exopool/fake/machine/driverapi"
)

// A Network connects machines. It ends with [Network.Close]; what is left of
// one whose program died goes with the next [New] or [Sweep].
type Network struct {
	layout

	cfg    Config
	logger *slog.Logger
	claim  net.Listener
	router netns.NsHandle
	links  *netlink.Handle // of the router namespace
	dials  chan struct{}   // one entry for each that is under way

	mu          sync.Mutex
	machines    map[string]netip.Addr  // attached, by id
	protections []driverapi.Protection // nil: never given
	closed      bool
}

// New makes the network, after it has swept up what a crash left of one with
// the same prefix. It fails when the range overlaps a route of the host,
// and when another program has a network with that prefix.
func New(ctx context.Context, cfg Config) (*Network, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("network of machines: %w", err)
	}
	l, err := newLayout(cfg.Range)
	if err != nil {
		return nil, fmt.Errorf("network of machines: %w", err)
	}
	claim, err := claimPrefix(ctx, cfg.Prefix)
	if err != nil {
		return nil, fmt.Errorf("network of machines: %w", err)
	}
	n := &Network{
		layout: l, cfg: cfg, logger: cfg.Logger, claim: claim, router: netns.None(),
		machines: map[string]netip.Addr{}, dials: make(chan struct{}, maxDials),
	}
	if err := n.build(); err != nil {
		if errors.Is(err, os.ErrPermission) {
			err = fmt.Errorf("%w: it takes root, outside of a container without privileges", err)
		}
		return nil, fmt.Errorf("network of machines: %w", errors.Join(err, n.Close()))
	}
	n.logger.Info("network of machines ready", "namespace", cfg.Prefix,
		"instances", l.instances, "balancers", l.balancers, "gateway", l.gateway)
	return n, nil
}

func (n *Network) build() error {
	host, err := netlink.NewHandle()
	if err != nil {
		return fmt.Errorf("talk to the kernel: %w", err)
	}
	defer host.Close()
	if err := sweep(host, n.cfg.Prefix); err != nil {
		return err
	}
	if err := refuseOverlap(host, n.whole, n.cfg.RangeFlag); err != nil {
		return err
	}
	if n.router, err = newNamespace(n.cfg.Prefix); err != nil {
		return err
	}
	if n.links, err = netlink.NewHandleAt(n.router); err != nil {
		return fmt.Errorf("talk to the kernel in namespace %s: %w", n.cfg.Prefix, err)
	}
	if err := n.buildRouter(); err != nil {
		return err
	}
	if err := n.connectHost(host); err != nil {
		return err
	}
	return n.enforce()
}

// Instances is the range for the public addresses of instances.
func (n *Network) Instances() netip.Prefix { return n.instances }

// Balancers is the range for the addresses of load balancers. All of them are
// the router's already.
func (n *Network) Balancers() netip.Prefix { return n.balancers }

// Gateway is the address of the services for machines.
func (n *Network) Gateway() netip.Addr { return n.gateway }

// Host is the address from which the host's own programs reach machines,
// and the one for a security group to admit.
func (n *Network) Host() netip.Addr { return n.host }

// Helper is the address of a machine that no instance can have. Host programs
// reach all of its ports, other machines none; security groups do not apply.
func (n *Network) Helper() netip.Addr { return n.helper }

// Metadata is the address of the metadata service, the same in most clouds.
func Metadata() netip.Addr { return netip.AddrFrom4([4]byte{169, 254, 169, 254}) }

// Close removes the network. Machines and open connections lose it. A second
// call does nothing.
func (n *Network) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil
	}
	n.closed = true
	clear(n.machines)
	errs := n.release()
	host, err := netlink.NewHandle()
	if err == nil {
		err = sweep(host, n.cfg.Prefix)
		host.Close()
	}
	// Last, so that no other program builds while this one removes.
	if err := errors.Join(errs, err, n.claim.Close()); err != nil {
		return fmt.Errorf("close network of machines: %w", err)
	}
	return nil
}

func (n *Network) release() error {
	if n.links != nil {
		n.links.Close()
	}
	if !n.router.IsOpen() {
		return nil
	}
	return n.router.Close()
}
