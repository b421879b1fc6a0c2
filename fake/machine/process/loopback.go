package process

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"syscall"
)

// A network is a part of 127.0.0.0/8 that belongs to one driver.
type network struct {
	instances, balancers netip.Prefix
	claim                net.Listener
}

// claimNetwork reserves the prefix, or the first free one of 127.77.0.0/16 to
// 127.126.0.0/16 when it is the zero Prefix. Two drivers on one host, say
// a demo and a test run, would otherwise give the same address to two members.
func claimNetwork(wanted netip.Prefix) (*network, error) {
	if runtime.GOOS != "linux" {
		return nil, fmt.Errorf("member processes need every address of 127.0.0.0/8 on the loopback interface: "+
			"Linux has them, %s has not", runtime.GOOS)
	}
	if wanted.IsValid() {
		return claimPrefix(wanted)
	}
	for octet := byte(77); octet <= 126; octet++ {
		n, err := claimPrefix(netip.PrefixFrom(netip.AddrFrom4([4]byte{127, octet}), 16))
		if !errors.Is(err, syscall.EADDRINUSE) {
			return n, err
		}
	}
	return nil, errors.New("claim a loopback network: 127.77.0.0/16 to 127.126.0.0/16 are all in use by other drivers")
}

func claimPrefix(prefix netip.Prefix) (*network, error) {
	loopback := netip.PrefixFrom(netip.AddrFrom4([4]byte{127}), 8)
	if !prefix.Addr().Is4() || !loopback.Contains(prefix.Addr()) || prefix.Bits() < 9 || prefix.Bits() > 28 {
		return nil, fmt.Errorf("loopback network %v: want a part of 127.0.0.0/8 of 9 to 28 bits, e.g. 127.77.0.0/16", prefix)
	}
	prefix = prefix.Masked()
	// An abstract socket is a name that the kernel frees when its owner dies.
	// Like loopback addresses, it belongs to the network namespace.
	claim, err := net.ListenUnix("unix", &net.UnixAddr{Name: "@exopool/" + prefix.String(), Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("claim loopback network %v: %w", prefix, err)
	}
	n := &network{claim: claim}
	n.instances, n.balancers = halves(prefix)
	return n, nil
}

// halves splits an IPv4 prefix in two.
func halves(prefix netip.Prefix) (lower, upper netip.Prefix) {
	bits := prefix.Bits() + 1
	a := prefix.Addr().As4()
	a[(bits-1)/8] |= 0x80 >> ((bits - 1) % 8)
	return netip.PrefixFrom(prefix.Addr(), bits), netip.PrefixFrom(netip.AddrFrom4(a), bits)
}

// lastHost returns the address before the broadcast address of an IPv4 prefix.
func lastHost(prefix netip.Prefix) netip.Addr {
	a := prefix.Addr().As4()
	for bit := prefix.Bits(); bit < 31; bit++ {
		a[bit/8] |= 0x80 >> (bit % 8)
	}
	return netip.AddrFrom4(a)
}
