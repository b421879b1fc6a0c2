package network

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// soOriginalDst is the kernel's SO_ORIGINAL_DST of linux/netfilter_ipv4.h.
const soOriginalDst = 80

// maxDials at the same time; more of them wait. Each takes a thread until it is
// answered, and a Go program with 10,000 threads is ended.
const maxDials = 512

// Listen listens in the router namespace, where the gateway's and the load
// balancers' addresses are, all ports of them. Network is tcp4; the address
// must be an IPv4 address and port, not names. Connections are served by this
// process like any others.
func (n *Network) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	if err := numeric(network, address, "tcp4"); err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	var listener net.Listener
	err := inNamespace(n.router, func() (err error) {
		listener, err = (&net.ListenConfig{}).Listen(ctx, network, address)
		return err
	})
	return listener, err
}

// ListenPacket is [Network.Listen] for udp4.
func (n *Network) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	if err := numeric(network, address, "udp4"); err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	var conn net.PacketConn
	err := inNamespace(n.router, func() (err error) {
		conn, err = (&net.ListenConfig{}).ListenPacket(ctx, network, address)
		return err
	})
	return conn, err
}

// ListenEgress listens for the connections that machines make to the rest of
// the world. [OriginalDestination] returns where each was meant to go.
func (n *Network) ListenEgress(ctx context.Context) (net.Listener, error) {
	return n.Listen(ctx, "tcp4", netip.AddrPortFrom(n.gateway, egressPort).String())
}

// DialContext connects to a machine or a load balancer from the gateway, which
// security groups let pass. Network is tcp4 or udp4.
func (n *Network) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return n.dial(ctx, &net.Dialer{LocalAddr: local(network, n.gateway)}, network, address)
}

// DialCheck connects to a machine as the health checks of load balancers do:
// from an address of [Network.HealthcheckSources]. Network is tcp4.
func (n *Network) DialCheck(ctx context.Context, network, address string) (net.Conn, error) {
	return n.dial(ctx, &net.Dialer{LocalAddr: local(network, n.checker)}, network, address)
}

// DialFrom connects to a machine with the address of a client, as load
// balancers do on behalf of their clients: the machine sees the client, and
// its security groups judge the client. Network is tcp4.
func (n *Network) DialFrom(ctx context.Context, client netip.Addr, network, address string) (net.Conn, error) {
	return n.dial(ctx, &net.Dialer{
		LocalAddr: local(network, client),
		Control: func(_, _ string, c syscall.RawConn) error {
			var sockErr error
			err := c.Control(func(fd uintptr) {
				sockErr = errors.Join(
					unix.SetsockoptInt(int(fd), unix.SOL_IP, unix.IP_TRANSPARENT, 1),
					unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_MARK, markBorrowed))
			})
			return errors.Join(err, sockErr)
		},
	}, network, address)
}

func (n *Network) dial(ctx context.Context, d *net.Dialer, network, address string) (net.Conn, error) {
	if err := numeric(network, address, "tcp4", "udp4"); err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	select {
	case n.dials <- struct{}{}:
		defer func() { <-n.dials }()
	case <-ctx.Done():
		return nil, fmt.Errorf("dial %s: too many others are being dialled: %w", address, ctx.Err())
	}
	var conn net.Conn
	err := inNamespace(n.router, func() (err error) {
		conn, err = d.DialContext(ctx, network, address)
		return err
	})
	return conn, err
}

// numeric refuses what would be resolved by goroutines of the net package,
// which are not in the namespace.
func numeric(network, address string, known ...string) error {
	for _, k := range known {
		if network != k {
			continue
		}
		if at, err := netip.ParseAddrPort(address); err != nil || !at.Addr().Is4() {
			return fmt.Errorf("address %q: want an IPv4 address and a port", address)
		}
		return nil
	}
	return fmt.Errorf("network %q: want one of %q", network, known)
}

func local(network string, a netip.Addr) net.Addr {
	if network == "udp4" {
		return &net.UDPAddr{IP: a.AsSlice()}
	}
	return &net.TCPAddr{IP: a.AsSlice()}
}

// OriginalDestination returns where a connection from [Network.ListenEgress]
// was meant to go.
func OriginalDestination(conn net.Conn) (netip.AddrPort, error) {
	socket, ok := conn.(syscall.Conn)
	if !ok {
		return netip.AddrPort{}, errors.New("ask for the destination: the connection has no socket")
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("ask for the destination: %w", err)
	}
	var found *unix.IPv6Mreq // like the sockaddr_in that it holds, 16 bytes
	var sockErr error
	err = raw.Control(func(fd uintptr) {
		found, sockErr = unix.GetsockoptIPv6Mreq(int(fd), unix.SOL_IP, soOriginalDst)
	})
	if err := errors.Join(err, sockErr); err != nil {
		return netip.AddrPort{}, fmt.Errorf("ask for the destination: %w", err)
	}
	b := found.Multiaddr
	port := uint16(b[2])<<8 | uint16(b[3])
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[4:8])), port), nil
}
