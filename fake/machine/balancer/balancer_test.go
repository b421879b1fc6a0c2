package balancer_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/balancer"
	"github.com/exopool/exopool/fake/machine/driverapi"
)

const (
	servicePort = 4080
	targetPort  = 5080
)

// A backend is a web server whose health the test decides.
type backend struct {
	id      string
	address netip.Addr
	server  *httptest.Server
	sick    atomic.Bool
	checks  atomic.Int64
	served  atomic.Int64
}

func newBackend(tb testing.TB, lb *testSet, i int, secure bool) *backend {
	tb.Helper()
	b := &backend{id: "id-" + strconv.Itoa(i), address: addressOf(lb.Instances, i)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		b.checks.Add(1)
		if b.sick.Load() {
			http.Error(w, "sick", http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) {
		b.served.Add(1)
		_, _ = io.WriteString(w, b.id)
	})
	l, err := net.Listen("tcp4", netip.AddrPortFrom(b.address, targetPort).String())
	require.NoError(tb, err)
	b.server = httptest.NewUnstartedServer(mux)
	require.NoError(tb, b.server.Listener.Close())
	b.server.Listener = l
	if secure {
		b.server.StartTLS()
	} else {
		b.server.Start()
	}
	tb.Cleanup(b.server.Close)
	return b
}

func targets(list []*backend) []driverapi.Target {
	out := make([]driverapi.Target, len(list))
	for i, b := range list {
		out[i] = driverapi.Target{MachineID: b.id, Address: b.address}
	}
	return out
}

// spec is a load balancer with one round-robin service in front of the list.
func spec(lb *testSet, list ...*backend) driverapi.Balancer {
	return driverapi.Balancer{ID: "lb", Address: addressOf(lb.Balancers, 0), Services: []driverapi.Service{{
		ID: "svc", Name: "web", Port: servicePort, TargetPort: targetPort, Protocol: "tcp", Strategy: "round-robin",
		Healthcheck: driverapi.Healthcheck{
			Mode: "http", Port: targetPort, URI: "/health", Interval: 10, Timeout: 5, Retries: 2,
		},
		Targets: targets(list),
	}}}
}

func newBalancers(tb testing.TB) *testSet {
	tb.Helper()
	return newSet(tb, balancer.Config{Logger: quiet(), Speed: 1000}) // checks every 10 ms
}

func newBackends(tb testing.TB, lb *testSet, n int) []*backend {
	tb.Helper()
	list := make([]*backend, n)
	for i := range list {
		list[i] = newBackend(tb, lb, i, false)
	}
	return list
}

func awaitHealth(t *testing.T, lb *testSet, want driverapi.Health, list ...*backend) {
	t.Helper()
	for _, b := range list {
		eventually(t, func() bool { return lb.Health("lb", "svc")[b.id] == want }, "%s does not become %s", b.id, want)
	}
}

func through(t *testing.T, lb *testSet) (string, error) {
	t.Helper()
	at, ok := lb.Endpoint("lb", servicePort)
	require.True(t, ok)
	return fetch(t.Context(), "http://"+at.String()+"/")
}

// dial opens a connection through the balancer that ends with the test.
func dial(t *testing.T, lb *testSet) *net.TCPConn {
	t.Helper()
	at, ok := lb.Endpoint("lb", servicePort)
	require.True(t, ok)
	conn, err := net.DialTCP("tcp4", nil, net.TCPAddrFromAddrPort(at))
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(timeout)))
	return conn
}

func TestRoundRobinGivesHealthyTargetsTheSameShare(t *testing.T) {
	lb := newBalancers(t)
	list := newBackends(t, lb, 4)
	list[2].sick.Store(true)
	require.NoError(t, lb.Balance(spec(lb, list...)))
	awaitHealth(t, lb, driverapi.HealthSuccess, list[0], list[1], list[3])
	awaitHealth(t, lb, driverapi.HealthFailure, list[2])

	served := map[string]int{}
	for range 30 {
		id, err := through(t, lb)
		require.NoError(t, err)
		served[id]++
	}
	assert.Equal(t, map[string]int{"id-0": 10, "id-1": 10, "id-3": 10}, served)
}

func TestTargetFailsAfterRetriesAndRecoversWithTheFirstSuccess(t *testing.T) {
	lb := newBalancers(t)
	b := newBackends(t, lb, 1)[0]
	want := spec(lb, b)
	want.Services[0].Healthcheck.Retries = 4
	require.NoError(t, lb.Balance(want))
	awaitHealth(t, lb, driverapi.HealthSuccess, b)

	before := b.checks.Load()
	b.sick.Store(true)
	awaitHealth(t, lb, driverapi.HealthFailure, b)
	assert.GreaterOrEqual(t, b.checks.Load()-before, int64(4))
	b.sick.Store(false)
	awaitHealth(t, lb, driverapi.HealthSuccess, b)
}

func TestHealthIsAbsentUntilChecked(t *testing.T) {
	lb := newBalancers(t)
	b := newBackends(t, lb, 1)[0]
	b.sick.Store(true)
	want := spec(lb, b)
	want.Services[0].Healthcheck.Retries = 20
	want.Services[0].Healthcheck.Interval = 300
	require.NoError(t, lb.Balance(want))
	eventually(t, func() bool { return b.checks.Load() > 0 }, "not checked")
	assert.Empty(t, lb.Health("lb", "svc"), "one failure of twenty decides nothing")
	assert.Empty(t, lb.Health("lb", "unknown"))
	assert.Empty(t, lb.Health("unknown", "svc"))
}

func TestWithoutHealthyTargetTheConnectionIsReset(t *testing.T) {
	lb := newBalancers(t)
	require.NoError(t, lb.Balance(spec(lb)))
	at, _ := lb.Endpoint("lb", servicePort)
	conn, err := net.DialTCP("tcp4", nil, net.TCPAddrFromAddrPort(at))
	if err == nil { // The reset may come before dialling is over.
		defer conn.Close()
		require.NoError(t, conn.SetDeadline(time.Now().Add(timeout)))
		_, err = conn.Read(make([]byte, 1))
	}
	assert.ErrorIs(t, err, syscall.ECONNRESET)
}

func TestConnectionsToARemovedTargetGoOn(t *testing.T) {
	lb := newBalancers(t)
	list := newBackends(t, lb, 2)
	require.NoError(t, lb.Balance(spec(lb, list[0])))
	awaitHealth(t, lb, driverapi.HealthSuccess, list[0])
	conn := dial(t, lb)
	ask := func() string {
		req, err := http.NewRequest(http.MethodGet, "http://lb/", http.NoBody)
		require.NoError(t, err)
		require.NoError(t, req.Write(conn))
		answer := make([]byte, 4096)
		n, err := conn.Read(answer)
		require.NoError(t, err)
		return string(answer[:n])
	}
	require.Contains(t, ask(), "id-0")

	require.NoError(t, lb.Balance(spec(lb, list[1])))
	awaitHealth(t, lb, driverapi.HealthSuccess, list[1])
	assert.NotContains(t, lb.Health("lb", "svc"), "id-0")
	id, err := through(t, lb)
	require.NoError(t, err)
	assert.Equal(t, "id-1", id, "new connections go to the new target")
	assert.Contains(t, ask(), "id-0", "the old connection goes on")
}

func TestEndOfOneDirectionIsPassedOnWhileTheOtherGoesOn(t *testing.T) {
	lb := newBalancers(t)
	address := addressOf(lb.Instances, 0)
	l, err := net.ListenTCP("tcp4", net.TCPAddrFromAddrPort(netip.AddrPortFrom(address, targetPort)))
	require.NoError(t, err)
	defer l.Close()
	go func() {
		for {
			conn, err := l.AcceptTCP()
			if err != nil {
				return
			}
			go func() { // answers only after the whole request, its end included
				defer conn.Close()
				body, _ := io.ReadAll(conn)
				_, _ = conn.Write(append([]byte("got "), body...))
			}()
		}
	}()
	want := spec(lb, &backend{id: "id-0", address: address})
	want.Services[0].Healthcheck.Mode = "tcp"
	require.NoError(t, lb.Balance(want))
	awaitHealth(t, lb, driverapi.HealthSuccess, &backend{id: "id-0"})

	conn := dial(t, lb)
	_, err = conn.Write([]byte("all"))
	require.NoError(t, err)
	require.NoError(t, conn.CloseWrite())
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	assert.Equal(t, "got all", string(answer))
}

func TestSourceHashKeepsAClientOnItsTarget(t *testing.T) {
	for _, strategy := range []string{"source-hash", "maglev-hash"} {
		t.Run(strategy, func(t *testing.T) {
			lb := newBalancers(t)
			list := newBackends(t, lb, 3)
			want := spec(lb, list...)
			want.Services[0].Strategy = strategy
			require.NoError(t, lb.Balance(want))
			awaitHealth(t, lb, driverapi.HealthSuccess, list...)
			first, err := through(t, lb)
			require.NoError(t, err)
			for range 10 {
				id, err := through(t, lb)
				require.NoError(t, err)
				assert.Equal(t, first, id)
			}
		})
	}
}

func TestLossOfATargetMovesOnlyTheClientsItHad(t *testing.T) {
	lb := newBalancers(t)
	list := newBackends(t, lb, 3)
	want := spec(lb, list...)
	want.Services[0].Strategy = "source-hash"
	require.NoError(t, lb.Balance(want))
	awaitHealth(t, lb, driverapi.HealthSuccess, list...)
	at, _ := lb.Endpoint("lb", servicePort)
	const clients = 60
	ask := func(i int) string {
		dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: addressOf(lb.Instances, 100+i).AsSlice()}}
		client := &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}}
		id, err := fetchWith(t.Context(), client, "http://"+at.String()+"/")
		require.NoError(t, err)
		return id
	}
	before, used := map[int]string{}, map[string]bool{}
	for i := range clients {
		before[i] = ask(i)
		used[before[i]] = true
	}
	require.Len(t, used, 3, "sixty clients use all three targets")
	list[1].sick.Store(true)
	awaitHealth(t, lb, driverapi.HealthFailure, list[1])
	for i := range clients {
		after := ask(i)
		if before[i] == "id-1" {
			assert.NotEqual(t, "id-1", after)
		} else {
			assert.Equal(t, before[i], after)
		}
	}
}

func TestHTTPSCheckAcceptsASelfSignedCertificate(t *testing.T) {
	lb := newBalancers(t)
	var name atomic.Value
	b := newBackend(t, lb, 0, true)
	b.server.TLS.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		name.Store(hello.ServerName)
		return nil, nil
	}
	want := spec(lb, b)
	want.Services[0].Healthcheck.Mode, want.Services[0].Healthcheck.TLSSNI = "https", "app.example"
	require.NoError(t, lb.Balance(want))
	awaitHealth(t, lb, driverapi.HealthSuccess, b)
	assert.Equal(t, "app.example", name.Load())
}

func TestChangedHealthCheckTakesEffect(t *testing.T) {
	lb := newBalancers(t)
	b := newBackends(t, lb, 1)[0]
	want := spec(lb, b)
	require.NoError(t, lb.Balance(want))
	awaitHealth(t, lb, driverapi.HealthSuccess, b)
	want.Services[0].Healthcheck.Port = targetPort + 1 // no target listens there
	require.NoError(t, lb.Balance(want))
	awaitHealth(t, lb, driverapi.HealthFailure, b)
	require.ErrorContains(t, lb.HealthProblems("lb", "svc")[b.id], "refused")
	want.Services[0].Healthcheck.Port = targetPort
	require.NoError(t, lb.Balance(want))
	awaitHealth(t, lb, driverapi.HealthSuccess, b)
	assert.Empty(t, lb.HealthProblems("lb", "svc"))
	assert.Empty(t, lb.HealthProblems("lb", "unknown"))
}

func TestPortInUseIsReportedAndOthersServe(t *testing.T) {
	lb := newBalancers(t)
	want := spec(lb)
	l, err := net.Listen("tcp4", netip.AddrPortFrom(want.Address, servicePort+1).String())
	require.NoError(t, err)
	defer l.Close()
	second := want.Services[0]
	second.ID, second.Name, second.Port = "svc2", "api", servicePort+1
	want.Services = append(want.Services, second)
	err = lb.Balance(want)
	require.ErrorIs(t, err, syscall.EADDRINUSE)
	require.ErrorContains(t, err, "service api")
	_, ok := lb.Endpoint("lb", servicePort)
	assert.True(t, ok)
	_, ok = lb.Endpoint("lb", servicePort+1)
	assert.False(t, ok)

	require.NoError(t, l.Close())
	require.NoError(t, lb.Balance(want), "asked again, it listens")
}

func TestServiceMovesToItsNewPort(t *testing.T) {
	lb := newBalancers(t)
	b := newBackends(t, lb, 1)[0]
	want := spec(lb, b)
	require.NoError(t, lb.Balance(want))
	old, _ := lb.Endpoint("lb", servicePort)
	want.Services[0].Port = servicePort + 1
	require.NoError(t, lb.Balance(want))
	awaitHealth(t, lb, driverapi.HealthSuccess, b)
	moved, ok := lb.Endpoint("lb", servicePort+1)
	require.True(t, ok)
	_, err := fetch(t.Context(), "http://"+moved.String()+"/")
	require.NoError(t, err)
	_, err = fetch(t.Context(), "http://"+old.String()+"/")
	assert.ErrorIs(t, err, syscall.ECONNREFUSED)
}

func TestUnbalanceCutsConnectionsAndFreesThePort(t *testing.T) {
	lb := newBalancers(t)
	b := newBackends(t, lb, 1)[0]
	want := spec(lb, b)
	require.NoError(t, lb.Balance(want))
	awaitHealth(t, lb, driverapi.HealthSuccess, b)
	conn := dial(t, lb)
	lb.Unbalance("lb")
	_, err := conn.Read(make([]byte, 1))
	require.Error(t, err)
	require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the connection is cut, not forgotten")
	require.NoError(t, lb.Balance(want))
	awaitHealth(t, lb, driverapi.HealthSuccess, b)
}

func TestUDPServiceIsCheckedNotForwarded(t *testing.T) {
	lb := newBalancers(t)
	b := newBackends(t, lb, 1)[0]
	want := spec(lb, b)
	want.Services[0].Protocol = "udp"
	require.NoError(t, lb.Balance(want))
	awaitHealth(t, lb, driverapi.HealthSuccess, b)
	_, ok := lb.Endpoint("lb", servicePort)
	assert.False(t, ok)
}
