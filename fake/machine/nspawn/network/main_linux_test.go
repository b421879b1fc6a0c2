package network_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/machine/nspawn/network"
)

// timeout is the deadline of every wait; one that succeeds is far shorter.
const timeout = 10 * time.Second

// blocked is how long a connection is tried before it counts as dropped.
const blocked = 300 * time.Millisecond

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// needRoot skips a test that changes the network of the host, unless asked
// for by a user who may change it.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Getenv("EXOPOOL_NSPAWN") != "1" {
		t.Skip("makes network namespaces: set EXOPOOL_NSPAWN=1 to run it")
	}
	if os.Geteuid() != 0 {
		t.Skip("makes network namespaces: needs root")
	}
}

// settings gives each test program names and addresses of its own.
func settings() network.Config {
	return network.Config{
		Logger:    quiet(),
		Prefix:    fmt.Sprintf("ept%x", os.Getpid()&0xfffff),
		Range:     netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 19, byte(128 + os.Getpid()%100)}), 24),
		RangeFlag: "-range",
	}
}

// newNetwork returns a network that is closed, and checked for leftovers, at
// the end of the test.
func newNetwork(t *testing.T) *network.Network {
	t.Helper()
	needRoot(t)
	before := inventory(t)
	n, err := network.New(t.Context(), settings())
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, n.Close())
		require.Equal(t, before, inventory(t), "something is left on the host")
	})
	return n
}

// inventory lists the host's links, addresses, routes, rules, namespaces.
func inventory(t *testing.T) []string {
	t.Helper()
	var list []string
	address := strings.TrimSuffix(settings().Range.Addr().String(), "0")
	for _, args := range []string{
		"-o link", "-o addr", "route show table all", "rule", "netns list",
	} {
		out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput()
		require.NoError(t, err, "ip %s: %s", args, out)
		for line := range strings.Lines(string(out)) {
			// Tests of other packages may run at the same time.
			if strings.Contains(line, settings().Prefix) || strings.Contains(line, address) {
				list = append(list, args+": "+line)
			}
		}
	}
	sort.Strings(list)
	return list
}

// A machine is a network namespace with a program that a test plays.
type machine struct {
	id   string
	addr netip.Addr
	path string
}

// attach adds the i-th machine, which is removed with the network.
func attach(t *testing.T, n *network.Network, i int) machine {
	t.Helper()
	addr := n.Instances().Addr()
	for range i + 1 {
		addr = addr.Next()
	}
	m := machine{id: fmt.Sprintf("m%d", i), addr: addr}
	var err error
	m.path, err = n.Attach(t.Context(), m.id, addr)
	require.NoError(t, err)
	return m
}

// in runs f in the namespace of a machine.
func in(t *testing.T, path string, f func() error) error {
	t.Helper()
	return network.Inside(path, f)
}

// serve answers connections to a port of a machine with the address that they
// come from.
func (m machine) serve(t *testing.T, port int) {
	t.Helper()
	var l net.Listener
	require.NoError(t, in(t, m.path, func() (err error) {
		l, err = net.Listen("tcp4", fmt.Sprintf("0.0.0.0:%d", port))
		return err
	}))
	answer(t, l)
}

func answer(t *testing.T, l net.Listener) {
	t.Helper()
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				fmt.Fprintln(conn, conn.RemoteAddr())
			}()
		}
	}()
}

// ask connects from a machine and returns what the other end sees.
func (m machine) ask(t *testing.T, to netip.Addr, port int) (netip.Addr, error) {
	t.Helper()
	var seen netip.Addr
	err := in(t, m.path, func() (err error) {
		seen, err = ask((&net.Dialer{}).DialContext, to, port)
		return err
	})
	return seen, err
}

type dial func(ctx context.Context, network, address string) (net.Conn, error)

func ask(d dial, to netip.Addr, port int) (netip.Addr, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return askWithin(ctx, d, to, port)
}

func askWithin(ctx context.Context, d dial, to netip.Addr, port int) (netip.Addr, error) {
	conn, err := d(ctx, "tcp4", fmt.Sprintf("%v:%d", to, port))
	if err != nil {
		return netip.Addr{}, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(timeout))
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return netip.Addr{}, err
	}
	seen, err := netip.ParseAddrPort(strings.TrimSpace(line))
	return seen.Addr(), err
}

// dropped reports whether a connection gets no answer at all.
func dropped(d dial, to netip.Addr, port int) bool {
	ctx, cancel := context.WithTimeout(context.Background(), blocked)
	defer cancel()
	_, err := askWithin(ctx, d, to, port)
	timedOut, ok := errors.AsType[net.Error](err)
	return ok && timedOut.Timeout()
}

func (m machine) dropped(t *testing.T, to netip.Addr, port int) (yes bool) {
	t.Helper()
	require.NoError(t, in(t, m.path, func() error {
		yes = dropped((&net.Dialer{}).DialContext, to, port)
		return nil
	}))
	return yes
}

func (m machine) protection(ingress, egress []driverapi.Permit) driverapi.Protection {
	return driverapi.Protection{MachineID: m.id, Address: m.addr, Ingress: ingress, Egress: egress}
}

func tcp(port int, peers ...netip.Prefix) driverapi.Permit {
	return driverapi.Permit{Protocol: "tcp", FirstPort: port, LastPort: port, Peers: peers}
}

func anyAddress() netip.Prefix { return netip.PrefixFrom(netip.IPv4Unspecified(), 0) }

func only(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, 32) }
