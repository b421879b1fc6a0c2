package network_test

import (
	"context"
	"net"
	"net/netip"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/machine/nspawn/network"
)

// benchNetwork returns a network that ends with the benchmark.
func benchNetwork(b *testing.B) *network.Network {
	b.Helper()
	if os.Getenv("EXOPOOL_NSPAWN") != "1" || os.Geteuid() != 0 {
		b.Skip("makes network namespaces: set EXOPOOL_NSPAWN=1 to run it, as root")
	}
	n, err := network.New(b.Context(), settings())
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, n.Close()) })
	return n
}

// BenchmarkDial is what a load balancer does for every connection, on a thread
// that enters the namespace and ends.
func BenchmarkDial(b *testing.B) {
	n := benchNetwork(b)
	l, err := n.Listen(b.Context(), "tcp4", netip.AddrPortFrom(n.Gateway(), 80).String())
	require.NoError(b, err)
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	dial := func(ctx context.Context) (net.Conn, error) { return n.DialContext(ctx, "tcp4", l.Addr().String()) }
	for b.Loop() {
		conn, err := dial(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		_ = conn.(*net.TCPConn).SetLinger(0) // leaves no port in TIME_WAIT
		conn.Close()
	}
}

// BenchmarkProtect replaces the rules of twenty machines with ten permits each.
func BenchmarkProtect(b *testing.B) {
	n := benchNetwork(b)
	var all []driverapi.Protection
	addr := n.Instances().Addr()
	for range 20 {
		addr = addr.Next()
		p := driverapi.Protection{MachineID: addr.String(), Address: addr}
		for port := range 10 {
			p.Ingress = append(p.Ingress, tcp(port+1, anyAddress()))
		}
		all = append(all, p)
	}
	for b.Loop() {
		if err := n.Protect(all); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAttach adds a machine and removes it.
func BenchmarkAttach(b *testing.B) {
	n := benchNetwork(b)
	for b.Loop() {
		if _, err := n.Attach(b.Context(), "m", n.Instances().Addr().Next()); err != nil {
			b.Fatal(err)
		}
		if err := n.Detach("m"); err != nil {
			b.Fatal(err)
		}
	}
}
