package network_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/nspawn/network"
)

func plain() dial { return (&net.Dialer{}).DialContext }

func TestMachinesAndTheHostReachEachOther(t *testing.T) {
	n := newNetwork(t)
	a, b := attach(t, n, 0), attach(t, n, 1)
	b.serve(t, 8080)

	seen, err := a.ask(t, b.addr, 8080)
	require.NoError(t, err)
	assert.Equal(t, a.addr, seen, "machines see each other's addresses")
	seen, err = ask(plain(), b.addr, 8080)
	require.NoError(t, err)
	assert.Equal(t, n.Host(), seen, "the host's programs come from the host address")
	seen, err = ask(n.DialContext, b.addr, 8080)
	require.NoError(t, err)
	assert.Equal(t, n.Gateway(), seen)
	seen, err = ask(n.DialCheck, b.addr, 8080)
	require.NoError(t, err)
	assert.Equal(t, n.HealthcheckSources(), []netip.Prefix{only(seen)})
}

func TestListenersInTheNamespaceAreReachedFromBothSides(t *testing.T) {
	n := newNetwork(t)
	a := attach(t, n, 0)
	for _, addr := range []netip.Addr{n.Gateway(), n.Balancers().Addr(), network.Metadata()} {
		l, err := n.Listen(t.Context(), "tcp4", netip.AddrPortFrom(addr, 80).String())
		require.NoError(t, err)
		answer(t, l)
		seen, err := a.ask(t, addr, 80)
		require.NoError(t, err)
		assert.Equal(t, a.addr, seen)
		if addr == network.Metadata() {
			continue // The host's own, if it is a machine in a cloud.
		}
		seen, err = ask(plain(), addr, 80)
		require.NoError(t, err)
		assert.Equal(t, n.Host(), seen)
	}
	_, err := a.ask(t, n.Balancers().Addr().Next(), 80)
	assert.ErrorIs(t, err, syscall.ECONNREFUSED, "a load balancer without a service refuses")
}

func TestPacketsReachTheGateway(t *testing.T) {
	n := newNetwork(t)
	a := attach(t, n, 0)
	conn, err := n.ListenPacket(t.Context(), "udp4", netip.AddrPortFrom(n.Gateway(), 53).String())
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(timeout)))
	require.NoError(t, in(t, a.path, func() error {
		out, err := net.Dial("udp4", conn.LocalAddr().String())
		if err != nil {
			return err
		}
		defer out.Close()
		_, err = out.Write([]byte("query"))
		return err
	}))
	b := make([]byte, 16)
	size, from, err := conn.ReadFrom(b)
	require.NoError(t, err)
	assert.Equal(t, "query", string(b[:size]))
	assert.Equal(t, a.addr, from.(*net.UDPAddr).AddrPort().Addr())
}

func TestMachinesCannotPoseAsOthers(t *testing.T) {
	n := newNetwork(t)
	a, b := attach(t, n, 0), attach(t, n, 1)
	conn, err := n.ListenPacket(t.Context(), "udp4", netip.AddrPortFrom(n.Gateway(), 53).String())
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(timeout)))
	out, err := exec.Command("nsenter", "--net="+a.path, "ip", "address", "add", b.addr.String()+"/32", "dev", "lo").CombinedOutput()
	require.NoError(t, err, "%s", out)
	for _, from := range []netip.Addr{b.addr, a.addr} {
		require.NoError(t, in(t, a.path, func() error {
			out, err := (&net.Dialer{LocalAddr: &net.UDPAddr{IP: from.AsSlice()}}).Dial("udp4", conn.LocalAddr().String())
			if err != nil {
				return err
			}
			defer out.Close()
			_, err = out.Write([]byte(from.String()))
			return err
		}))
	}
	text := make([]byte, 32)
	size, _, err := conn.ReadFrom(text)
	require.NoError(t, err)
	assert.Equal(t, a.addr.String(), string(text[:size]), "the one sent first, as another, is lost")
}

func TestNamesAndOtherProtocolsAreNotDialled(t *testing.T) {
	n := newNetwork(t)
	_, err := n.DialContext(t.Context(), "tcp", "127.0.0.1:80")
	require.ErrorContains(t, err, `want one of ["tcp4" "udp4"]`)
	_, err = n.DialContext(t.Context(), "tcp4", "localhost:80")
	require.ErrorContains(t, err, "want an IPv4 address and a port")
	_, err = n.Listen(t.Context(), "tcp4", ":80")
	require.ErrorContains(t, err, "want an IPv4 address and a port")
}

func TestLoadBalancersAskWithTheClientsAddress(t *testing.T) {
	n := newNetwork(t)
	a, b := attach(t, n, 0), attach(t, n, 1)
	b.serve(t, 8080)
	for _, client := range []netip.Addr{n.Host(), a.addr, netip.MustParseAddr("203.0.113.7")} {
		from := func(ctx context.Context, network, address string) (net.Conn, error) {
			return n.DialFrom(ctx, client, network, address)
		}
		seen, err := ask(from, b.addr, 8080)
		require.NoError(t, err, "client %v", client)
		assert.Equal(t, client, seen)
	}
}

func TestConnectionsToTheWorldEndAtTheRelay(t *testing.T) {
	n := newNetwork(t)
	a := attach(t, n, 0)
	l, err := n.ListenEgress(t.Context())
	require.NoError(t, err)
	defer l.Close()
	meant := netip.MustParseAddrPort("203.0.113.9:443")
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		if at, err := network.OriginalDestination(conn); err == nil {
			_, _ = conn.Write([]byte(at.String() + "\n"))
		}
	}()
	seen, err := a.ask(t, meant.Addr(), int(meant.Port()))
	require.NoError(t, err)
	assert.Equal(t, meant.Addr(), seen)
}

func TestOtherTrafficToTheWorldIsRefusedAtOnce(t *testing.T) {
	n := newNetwork(t)
	a := attach(t, n, 0)
	err := in(t, a.path, func() error {
		conn, err := net.Dial("udp4", "203.0.113.9:123")
		if err != nil {
			return err
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(timeout))
		if _, err = conn.Write([]byte("time?")); err != nil {
			return err
		}
		_, err = conn.Read(make([]byte, 1))
		return err
	})
	assert.ErrorIs(t, err, syscall.EHOSTUNREACH)
}

func TestMachinesDoNotReachTheHost(t *testing.T) {
	n := newNetwork(t)
	a := attach(t, n, 0)
	l, err := net.Listen("tcp4", netip.AddrPortFrom(n.Host(), 0).String())
	require.NoError(t, err)
	answer(t, l)
	_, err = a.ask(t, n.Host(), l.Addr().(*net.TCPAddr).Port)
	assert.ErrorIs(t, err, syscall.EHOSTUNREACH)
}

func TestWayToTheWorldSurvivesNewRules(t *testing.T) {
	n := newNetwork(t)
	a := attach(t, n, 0)
	l, err := n.ListenEgress(t.Context())
	require.NoError(t, err)
	defer l.Close()
	var near net.Conn
	require.NoError(t, in(t, a.path, func() (err error) {
		near, err = net.DialTimeout("tcp4", "203.0.113.9:443", timeout)
		return err
	}))
	defer near.Close()
	far, err := l.Accept()
	require.NoError(t, err)
	defer far.Close()
	require.NoError(t, far.SetDeadline(time.Now().Add(timeout)))
	for range 3 {
		require.NoError(t, protect(n, a.protection(nil, nil)))
		_, err = near.Write([]byte("x"))
		require.NoError(t, err)
		_, err = far.Read(make([]byte, 1))
		require.NoError(t, err, "a download goes on while a member joins")
	}
}

func TestTrafficForMachinesNeverLeavesByTheDefaultRoute(t *testing.T) {
	n := newNetwork(t)
	a := attach(t, n, 0)
	out, err := exec.Command("ip", "link", "delete", settings().Prefix+"-h").CombinedOutput()
	require.NoError(t, err, "%s", out)
	_, err = ask(plain(), a.addr, 8080)
	require.ErrorIs(t, err, syscall.EHOSTUNREACH)
}

func TestAttachIsIdempotentAndRefusesWhatIsTaken(t *testing.T) {
	n := newNetwork(t)
	a := attach(t, n, 0)
	path, err := n.Attach(t.Context(), a.id, a.addr)
	require.NoError(t, err)
	assert.Equal(t, a.path, path)
	_, err = n.Attach(t.Context(), "other", a.addr)
	require.ErrorContains(t, err, "machine m0 is at "+a.addr.String())
	_, err = n.Attach(t.Context(), a.id, a.addr.Next())
	require.ErrorContains(t, err, "machine m0 is at "+a.addr.String())
	_, err = n.Attach(t.Context(), "other", n.Gateway())
	require.ErrorContains(t, err, "is not in "+n.Instances().String())
	_, err = n.Attach(t.Context(), "../other", a.addr)
	require.ErrorContains(t, err, "want 1 to 64 letters")

	require.NoError(t, n.Detach(a.id))
	require.NoError(t, n.Detach(a.id), "a second time has no effect")
	assert.NoFileExists(t, a.path)
	_, err = n.Attach(t.Context(), "other", a.addr)
	require.NoError(t, err, "the address is free again")
}

func TestResetRemovesWhatABootLeft(t *testing.T) {
	n := newNetwork(t)
	a := attach(t, n, 0)
	a.serve(t, 8080)
	ip := func(args ...string) {
		t.Helper()
		out, err := exec.Command("nsenter", append([]string{"--net=" + a.path, "ip"}, args...)...).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	ip("link", "add", "podman0", "type", "bridge")
	ip("link", "add", "veth0", "type", "veth", "peer", "name", "veth1")
	ip("link", "set", "eth0", "down")
	block(t, a.path)

	require.NoError(t, n.Reset(t.Context(), a.id))
	require.NoError(t, in(t, a.path, func() error {
		links, err := net.Interfaces()
		require.Len(t, links, 2, "lo and eth0")
		return err
	}))
	_, err := ask(plain(), a.addr, 8080)
	require.NoError(t, err)
	require.ErrorContains(t, n.Reset(t.Context(), "unknown"), "not attached")
}

func TestCloseEndsEverything(t *testing.T) {
	n := newNetwork(t)
	a := attach(t, n, 0)
	require.NoError(t, n.Close())
	require.NoError(t, n.Close(), "a second time has no effect")
	assert.NoFileExists(t, a.path)
	_, err := n.Attach(t.Context(), a.id, a.addr)
	require.ErrorContains(t, err, "closed")
	require.ErrorContains(t, n.Protect(nil), "closed")
}

func TestOneProgramAtATimeHasANetworkOfAName(t *testing.T) {
	newNetwork(t)
	_, err := network.New(t.Context(), settings())
	require.ErrorContains(t, err, "end it, or choose another prefix")
	require.ErrorContains(t, network.Sweep(t.Context(), settings().Prefix), "end it, or choose another prefix")
}

func TestRangeInUseIsRefused(t *testing.T) {
	n := newNetwork(t)
	cfg := settings()
	cfg.Prefix += "b"
	_, err := network.New(t.Context(), cfg)
	require.ErrorContains(t, err, "overlaps this host's route to "+cfg.Range.String())
	require.ErrorContains(t, err, "choose a range that is free with -range")
	assert.NoFileExists(t, "/run/netns/"+cfg.Prefix)
	attach(t, n, 0) // The network in use goes on.
}

func TestLoopbackRangeIsInUse(t *testing.T) {
	needRoot(t)
	cfg := settings()
	cfg.Range = netip.MustParsePrefix("127.80.0.0/16")
	_, err := network.New(t.Context(), cfg)
	require.ErrorContains(t, err, "overlaps this host's route to 127.0.0.0/8 on interface lo")
}

// leaveArgument makes the test program one that dies with a network.
const leaveArgument = "network-test-leave"

func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == leaveArgument {
		cfg := settings()
		cfg.Prefix = os.Args[2]
		n, err := network.New(context.Background(), cfg)
		if err == nil {
			_, err = n.Attach(context.Background(), "m0", n.Instances().Addr().Next())
		}
		if err != nil {
			os.Stderr.WriteString(err.Error())
			os.Exit(1)
		}
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	os.Exit(m.Run())
}

func TestSweepRemovesWhatACrashLeft(t *testing.T) {
	needRoot(t)
	before := inventory(t)
	for name, sweep := range map[string]func() error{
		"by hand": func() error { return network.Sweep(t.Context(), settings().Prefix) },
		"by the next start": func() error {
			n, err := network.New(t.Context(), settings())
			if err != nil {
				return err
			}
			return n.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := exec.Command(os.Args[0], leaveArgument, settings().Prefix).CombinedOutput()
			require.ErrorContains(t, err, "signal: killed", "%s", out)
			require.FileExists(t, "/run/netns/"+settings().Prefix+"-m0")
			require.NoError(t, sweep())
			assert.NoFileExists(t, "/run/netns/"+settings().Prefix+"-m0")
			assert.Equal(t, before, inventory(t))
		})
	}
	require.NoError(t, network.Sweep(t.Context(), settings().Prefix), "nothing to sweep is no error")
	require.ErrorContains(t, network.Sweep(t.Context(), "a-b"), "want 1 to 12 lower-case letters")
}

func TestManyMachinesComeAndGoAtOnce(t *testing.T) {
	n := newNetwork(t)
	var all sync.WaitGroup
	next := n.Instances().Addr()
	for i := range 8 {
		next = next.Next()
		addr := next
		all.Go(func() {
			id := fmt.Sprintf("m%d", i)
			for range 3 {
				_, err := n.Attach(t.Context(), id, addr)
				assert.NoError(t, err)
				assert.NoError(t, protect(n, machine{id: id, addr: addr}.protection(nil, nil)))
				assert.NoError(t, n.Reset(t.Context(), id))
				assert.NoError(t, n.Detach(id))
			}
		})
	}
	all.Wait()
}
