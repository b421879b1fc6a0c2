package network_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netns"
	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"

	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/machine/nspawn/network"
)

// block makes a machine's own firewall drop everything.
func block(t *testing.T, path string) {
	t.Helper()
	ns, err := netns.GetFromPath(path)
	require.NoError(t, err)
	defer ns.Close()
	conn, err := nftables.New(nftables.WithNetNSFd(int(ns)))
	require.NoError(t, err)
	table := conn.AddTable(&nftables.Table{Name: "left", Family: nftables.TableFamilyIPv4})
	chain := conn.AddChain(&nftables.Chain{
		Name: "in", Table: table, Type: nftables.ChainTypeFilter,
		Hooknum: nftables.ChainHookInput, Priority: nftables.ChainPriorityFilter,
	})
	conn.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: []expr.Any{&expr.Verdict{Kind: expr.VerdictDrop}}})
	require.NoError(t, conn.Flush())
}

func TestProtectedMachineIsReachedOnlyAsPermitted(t *testing.T) {
	n := newNetwork(t)
	a, b, c := attach(t, n, 0), attach(t, n, 1), attach(t, n, 2)
	a.serve(t, 80)
	a.serve(t, 81)
	require.NoError(t, protect(n, a.protection([]driverapi.Permit{tcp(80, only(b.addr))}, nil)))

	_, err := b.ask(t, a.addr, 80)
	require.NoError(t, err)
	assert.True(t, b.dropped(t, a.addr, 81), "another port")
	assert.True(t, c.dropped(t, a.addr, 80), "another machine")
	assert.True(t, dropped(plain(), a.addr, 80), "the host")
	_, err = ask(n.DialContext, a.addr, 81)
	require.NoError(t, err, "the gateway always passes")
	assert.True(t, dropped(n.DialCheck, a.addr, 80), "health checks are no exception")

	require.NoError(t, protect(n, a.protection([]driverapi.Permit{
		tcp(80, only(n.Host())), {Protocol: "tcp", FirstPort: 70, LastPort: 90, Peers: n.HealthcheckSources()},
	}, nil)))
	_, err = ask(plain(), a.addr, 80)
	require.NoError(t, err)
	_, err = ask(n.DialCheck, a.addr, 81)
	require.NoError(t, err)
	assert.True(t, b.dropped(t, a.addr, 80), "the old permit is gone")
}

func TestHelperIsReachedFromTheHostOnly(t *testing.T) {
	n := newNetwork(t)
	a := attach(t, n, 0)
	a.serve(t, 80)
	helper := machine{id: "helper", addr: n.Helper()}
	var err error
	helper.path, err = n.Attach(t.Context(), helper.id, helper.addr)
	require.NoError(t, err)
	helper.serve(t, 80)
	require.NoError(t, protect(n, a.protection([]driverapi.Permit{tcp(80, only(n.Host()))}, nil)))

	seen, err := ask(plain(), helper.addr, 80)
	require.NoError(t, err)
	assert.Equal(t, n.Host(), seen)
	_, err = a.ask(t, helper.addr, 80)
	require.Error(t, err, "a machine of the account")
	assert.True(t, helper.dropped(t, a.addr, 80), "the security groups of others hold for it")
}

func TestPermitForALoadBalancersClientIsTheClients(t *testing.T) {
	n := newNetwork(t)
	a := attach(t, n, 0)
	a.serve(t, 80)
	friend, stranger := netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("203.0.113.8")
	require.NoError(t, protect(n, a.protection([]driverapi.Permit{tcp(80, only(friend))}, nil)))
	as := func(client netip.Addr) dial {
		return func(ctx context.Context, network, address string) (net.Conn, error) {
			return n.DialFrom(ctx, client, network, address)
		}
	}
	_, err := ask(as(friend), a.addr, 80)
	require.NoError(t, err)
	assert.True(t, dropped(as(stranger), a.addr, 80))
}

func TestPermitsForOtherProtocols(t *testing.T) {
	n := newNetwork(t)
	a := attach(t, n, 0)
	a.echo(t, 53)
	assert.True(t, soon(func() bool { return answersPing(t, a.addr, 1) }))
	assert.True(t, soon(func() bool { return answersUDP(t, a.addr, 53) }))
	require.NoError(t, protect(n, a.protection([]driverapi.Permit{
		{Protocol: "icmp", ICMPType: 13, ICMPCode: -1, Peers: []netip.Prefix{anyAddress()}}, // not ping
		{Protocol: "udp", FirstPort: 54, LastPort: 60, Peers: []netip.Prefix{anyAddress()}},
		tcp(53, anyAddress()),
	}, nil)))
	assert.False(t, answersPing(t, a.addr, 2))
	assert.False(t, answersUDP(t, a.addr, 53))
	require.NoError(t, protect(n, a.protection([]driverapi.Permit{
		{Protocol: "icmp", ICMPType: 8, ICMPCode: 0, Peers: []netip.Prefix{only(n.Host())}},
		{Protocol: "udp", FirstPort: 50, LastPort: 60, Peers: []netip.Prefix{only(n.Host())}},
	}, nil)))
	assert.True(t, soon(func() bool { return answersPing(t, a.addr, 3) }))
	assert.True(t, soon(func() bool { return answersUDP(t, a.addr, 53) }))
}

// soon tries again what may be late on a busy host.
func soon(holds func() bool) bool {
	for deadline := time.Now().Add(timeout); time.Now().Before(deadline); {
		if holds() {
			return true
		}
	}
	return false
}

// echo sends packets to a port of a machine back.
func (m machine) echo(t *testing.T, port int) {
	t.Helper()
	var conn net.PacketConn
	require.NoError(t, in(t, m.path, func() (err error) {
		conn, err = net.ListenPacket("udp4", fmt.Sprintf("0.0.0.0:%d", port))
		return err
	}))
	t.Cleanup(func() { conn.Close() })
	go func() {
		b := make([]byte, 16)
		for {
			size, from, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			_, _ = conn.WriteTo(b[:size], from)
		}
	}()
}

func answersUDP(t *testing.T, addr netip.Addr, port int) bool {
	t.Helper()
	conn, err := net.Dial("udp4", fmt.Sprintf("%v:%d", addr, port))
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(blocked)))
	_, err = conn.Write([]byte("x"))
	require.NoError(t, err)
	_, err = conn.Read(make([]byte, 1))
	return err == nil
}

// answersPing sends one ping. One with the number of another goes on with that
// one's, as far as firewalls are concerned.
func answersPing(t *testing.T, addr netip.Addr, number int) bool {
	t.Helper()
	conn, err := icmp.ListenPacket("ip4:icmp", "0.0.0.0")
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(blocked)))
	ping, err := (&icmp.Message{Type: ipv4.ICMPTypeEcho, Body: &icmp.Echo{ID: (os.Getpid() + number<<12) & 0xffff}}).Marshal(nil)
	require.NoError(t, err)
	_, err = conn.WriteTo(ping, &net.IPAddr{IP: addr.AsSlice()})
	require.NoError(t, err)
	b := make([]byte, 256)
	for {
		size, from, err := conn.ReadFrom(b)
		if err != nil {
			return false
		}
		// Others of this host may ping, too.
		if m, err := icmp.ParseMessage(1, b[:size]); err == nil && m.Type == ipv4.ICMPTypeEchoReply && from.String() == addr.String() {
			return true
		}
	}
}

func TestMachineWithoutPermitsIsClosedButReachesOthers(t *testing.T) {
	n := newNetwork(t)
	a, b := attach(t, n, 0), attach(t, n, 1)
	a.serve(t, 80)
	b.serve(t, 80)
	require.NoError(t, protect(n, a.protection(nil, nil), b.protection(openTo(a), nil)))
	assert.True(t, b.dropped(t, a.addr, 80))
	_, err := a.ask(t, b.addr, 80)
	require.NoError(t, err, "answers come back")
}

func TestEgressPermitsLimitWhatAMachineReaches(t *testing.T) {
	n := newNetwork(t)
	a, b := attach(t, n, 0), attach(t, n, 1)
	b.serve(t, 80)
	b.serve(t, 81)
	l, err := n.ListenEgress(t.Context())
	require.NoError(t, err)
	answer(t, l)
	service, err := n.Listen(t.Context(), "tcp4", netip.AddrPortFrom(n.Gateway(), 80).String())
	require.NoError(t, err)
	answer(t, service)
	world := netip.MustParseAddr("203.0.113.9")
	require.NoError(t, protect(n, b.protection(openTo(a), nil),
		a.protection(nil, []driverapi.Permit{tcp(80, only(b.addr)), tcp(443, only(world))})))

	_, err = a.ask(t, b.addr, 80)
	require.NoError(t, err)
	assert.True(t, a.dropped(t, b.addr, 81))
	_, err = a.ask(t, world, 443)
	require.NoError(t, err, "judged by where it was meant to go, not by the relay")
	assert.True(t, a.dropped(t, world, 80))
	assert.True(t, a.dropped(t, n.Balancers().Addr(), 80), "load balancers are no exception")
	_, err = a.ask(t, n.Gateway(), 80)
	require.NoError(t, err, "the gateway's services are always reached")
}

func TestOpenConnectionOutlivesItsPermit(t *testing.T) {
	n := newNetwork(t)
	a := attach(t, n, 0)
	var l net.Listener
	require.NoError(t, in(t, a.path, func() (err error) {
		l, err = net.Listen("tcp4", "0.0.0.0:80")
		return err
	}))
	defer l.Close()
	require.NoError(t, protect(n, a.protection([]driverapi.Permit{tcp(80, anyAddress())}, nil)))
	near, err := net.Dial("tcp4", netip.AddrPortFrom(a.addr, 80).String())
	require.NoError(t, err)
	defer near.Close()
	far, err := l.Accept()
	require.NoError(t, err)
	defer far.Close()
	require.NoError(t, protect(n, a.protection(nil, nil)))
	_, err = near.Write([]byte("x"))
	require.NoError(t, err)
	_, err = far.Read(make([]byte, 1))
	require.NoError(t, err)
	assert.True(t, dropped(plain(), a.addr, 80))
}

func TestProtectionHoldsBeforeAttachAndAfterDetach(t *testing.T) {
	n := newNetwork(t)
	a := machine{id: "m0", addr: n.Instances().Addr().Next()}
	require.NoError(t, protect(n, a.protection(nil, nil)))
	for range 2 {
		a = attach(t, n, 0)
		a.serve(t, 80)
		assert.True(t, dropped(plain(), a.addr, 80))
		require.NoError(t, n.Detach(a.id))
	}
}

func TestMachinesWithoutProtectionAreClosed(t *testing.T) {
	n := newNetwork(t)
	a, b := attach(t, n, 0), attach(t, n, 1)
	a.serve(t, 80)
	_, err := b.ask(t, a.addr, 80)
	require.NoError(t, err, "open until anything is protected")
	require.NoError(t, protect(n, b.protection(nil, nil)))
	assert.True(t, b.dropped(t, a.addr, 80))
	require.NoError(t, protect(n, a.protection([]driverapi.Permit{tcp(80, anyAddress())}, nil)))
	_, err = b.ask(t, a.addr, 80)
	require.NoError(t, err)
	require.NoError(t, protect(n))
	assert.True(t, b.dropped(t, a.addr, 80), "no machine is protected any more")
	require.ErrorContains(t, protect(n, driverapi.Protection{MachineID: "x", Address: n.Gateway()}), "is not in")
}

func TestThousandsOfRulesAreSetAtOnce(t *testing.T) {
	n := newNetwork(t)
	a := attach(t, n, 0)
	a.serve(t, 80)
	var all []driverapi.Protection
	for i, addr := 0, a.addr; i < 100; i, addr = i+1, addr.Next() {
		p := driverapi.Protection{MachineID: addr.String(), Address: addr}
		for port := range 20 {
			p.Ingress = append(p.Ingress, tcp(port+100, anyAddress()))
		}
		all = append(all, p)
	}
	all[0].Ingress = append(all[0].Ingress, tcp(80, anyAddress()))
	require.NoError(t, n.Protect(all))
	_, err := ask(plain(), a.addr, 80)
	require.NoError(t, err)
}

func protect(n *network.Network, all ...driverapi.Protection) error { return n.Protect(all) }

// openTo permits another machine everything.
func openTo(m machine) []driverapi.Permit {
	return []driverapi.Permit{{Protocol: "tcp", FirstPort: 1, LastPort: 65535, Peers: []netip.Prefix{only(m.addr)}}}
}
