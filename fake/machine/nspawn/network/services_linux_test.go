package network_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/balancer"
	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/machine/nspawn/dnsserver"
	"github.com/exopool/exopool/fake/machine/nspawn/egressproxy"
	"github.com/exopool/exopool/fake/machine/nspawn/metadata"
	"github.com/exopool/exopool/fake/machine/nspawn/network"
)

// serveHTTP serves in the router namespace until the test ends.
func serveHTTP(t *testing.T, n *network.Network, at netip.AddrPort, h http.Handler) {
	t.Helper()
	l, err := n.Listen(t.Context(), "tcp4", at.String())
	require.NoError(t, err)
	serveOn(t, l, h)
}

func serveOn(t *testing.T, l net.Listener, h http.Handler) {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	require.NoError(t, server.Listener.Close())
	server.Listener = l
	server.Start()
	t.Cleanup(server.Close)
}

// fetch gets a page on a connection that the machine makes.
func (m machine) fetch(t *testing.T, url string) string {
	t.Helper()
	var text string
	client := &http.Client{Timeout: timeout, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(_ context.Context, network, address string) (conn net.Conn, err error) {
			err = in(t, m.path, func() error {
				conn, err = net.DialTimeout(network, address, timeout)
				return err
			})
			return conn, err
		},
	}}
	resp, err := client.Get(url)
	require.NoError(t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	text = string(b)
	return text
}

func TestMachinesLearnWhoTheyAre(t *testing.T) {
	n := newNetwork(t)
	a, b := attach(t, n, 0), attach(t, n, 1)
	ids := map[netip.Addr]string{a.addr: "id-a", b.addr: "id-b"}
	find := func(addr netip.Addr) (metadata.Instance, bool) {
		id, ok := ids[addr]
		return metadata.Instance{ID: id, Address: addr}, ok
	}
	serveHTTP(t, n, netip.AddrPortFrom(network.Metadata(), 80), metadata.Handler(find, quiet()))
	// Not even a machine that lets nothing in and out is cut off from it.
	require.NoError(t, protect(n, a.protection(nil, []driverapi.Permit{tcp(1, only(b.addr))}), b.protection(nil, nil)))
	for _, m := range []machine{a, b} {
		assert.Equal(t, ids[m.addr], m.fetch(t, "http://169.254.169.254/1.0/meta-data/instance-id"))
	}
}

func TestMachinesResolveNames(t *testing.T) {
	n := newNetwork(t)
	a := attach(t, n, 0)
	server, err := dnsserver.New(dnsserver.Config{Logger: quiet(), Hosts: map[string]netip.Addr{"*.exoscale.com": n.Gateway()}})
	require.NoError(t, err)
	at := netip.AddrPortFrom(n.Gateway(), 53).String()
	packets, err := n.ListenPacket(t.Context(), "udp4", at)
	require.NoError(t, err)
	connections, err := n.Listen(t.Context(), "tcp4", at)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, packets, connections) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	for _, protocol := range []string{"udp4", "tcp4"} {
		resolver := net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (conn net.Conn, err error) {
			err = in(t, a.path, func() error {
				conn, err = net.DialTimeout(protocol, at, timeout)
				return err
			})
			return conn, err
		}}
		found, err := resolver.LookupNetIP(t.Context(), "ip4", "api-ch-gva-2.exoscale.com")
		require.NoError(t, err, protocol)
		assert.Equal(t, []netip.Addr{n.Gateway()}, found, protocol)
	}
}

func TestMachinesReachServersOfTheHostsNetwork(t *testing.T) {
	n := newNetwork(t)
	a := attach(t, n, 0)
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "packages") })
	world := httptest.NewServer(page)
	defer world.Close()
	l, err := n.ListenEgress(t.Context())
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		egressproxy.Serve(ctx, l, egressproxy.Config{
			Logger: quiet(), Destination: network.OriginalDestination,
			Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
				assert.Equal(t, "203.0.113.9:80", address)
				return (&net.Dialer{}).DialContext(ctx, network, strings.TrimPrefix(world.URL, "http://"))
			},
		})
	}()
	t.Cleanup(func() { cancel(); <-done })
	assert.Equal(t, "packages", a.fetch(t, "http://203.0.113.9/"))
	// Who comes without being redirected is not sent round in circles.
	_, err = ask(n.DialContext, n.Gateway(), l.Addr().(*net.TCPAddr).Port)
	require.Error(t, err)
}

func TestLoadBalancerServesItsClientsUnderTheirAddresses(t *testing.T) {
	n := newNetwork(t)
	members := []machine{attach(t, n, 0), attach(t, n, 1)}
	client := attach(t, n, 2)
	var targets []driverapi.Target
	var protections []driverapi.Protection
	for _, m := range members {
		var l net.Listener
		require.NoError(t, in(t, m.path, func() (err error) {
			l, err = net.Listen("tcp4", netip.AddrPortFrom(m.addr, 8080).String())
			return err
		}))
		serveOn(t, l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			from, _, _ := net.SplitHostPort(r.RemoteAddr)
			_, _ = io.WriteString(w, m.id+" "+from)
		}))
		targets = append(targets, driverapi.Target{MachineID: m.id, Address: m.addr})
		protections = append(protections, m.protection([]driverapi.Permit{tcp(8080, only(client.addr), only(n.Host()))}, nil))
	}
	lb, err := balancer.NewSet(t.Context(), balancer.Config{
		Logger: quiet(), Speed: 1000,
		Listen: func(ctx context.Context, at netip.AddrPort) (net.Listener, error) {
			return n.Listen(ctx, "tcp4", at.String())
		},
		Dial: func(ctx context.Context, client netip.Addr, target netip.AddrPort) (net.Conn, error) {
			return n.DialFrom(ctx, client, "tcp4", target.String())
		},
		Check: n.DialCheck,
	})
	require.NoError(t, err)
	t.Cleanup(lb.Close)
	front := n.Balancers().Addr().Next()
	require.NoError(t, protect(n, protections...))
	require.NoError(t, lb.Balance(driverapi.Balancer{ID: "lb", Address: front, Services: []driverapi.Service{{
		ID: "svc", Name: "web", Port: 80, TargetPort: 8080, Protocol: "tcp", Strategy: "round-robin", Targets: targets,
		Healthcheck: driverapi.Healthcheck{Mode: "http", Port: 8080, URI: "/", Interval: 10, Timeout: 500, Retries: 1},
	}}}))
	healthy := func(want driverapi.Health) func() bool {
		return func() bool {
			health := lb.Health("lb", "svc")
			return health["m0"] == want && health["m1"] == want
		}
	}
	require.Eventually(t, healthy(driverapi.HealthFailure), timeout, 5*time.Millisecond,
		"a security group that forgets health checks fails them")
	for i := range protections {
		protections[i].Ingress = append(protections[i].Ingress, tcp(8080, n.HealthcheckSources()...))
	}
	require.NoError(t, protect(n, protections...))
	require.Eventually(t, healthy(driverapi.HealthSuccess), timeout, 5*time.Millisecond)

	url := "http://" + front.String() + "/"
	answers := map[string]bool{client.fetch(t, url): true, client.fetch(t, url): true}
	assert.Equal(t, map[string]bool{"m0 " + client.addr.String(): true, "m1 " + client.addr.String(): true}, answers)
	resp, err := http.Get(url)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Equal(t, n.Host().String(), strings.Fields(string(text))[1])
}
