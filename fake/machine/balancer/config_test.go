package balancer_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/balancer"
	"github.com/exopool/exopool/fake/machine/driverapi"
)

func TestConnectionsAreMadeAsTheDriverSays(t *testing.T) {
	var mu sync.Mutex
	var clients []netip.Addr
	checked := map[string]bool{}
	var dialer net.Dialer
	lb := newSet(t, balancer.Config{
		Logger: quiet(), Speed: 1000,
		Dial: func(ctx context.Context, client netip.Addr, target netip.AddrPort) (net.Conn, error) {
			mu.Lock()
			defer mu.Unlock()
			clients = append(clients, client)
			return dialer.DialContext(ctx, "tcp4", target.String())
		},
		Check: func(ctx context.Context, network, address string) (net.Conn, error) {
			mu.Lock()
			defer mu.Unlock()
			checked[network+" "+address] = true
			return dialer.DialContext(ctx, network, address)
		},
	})
	b := newBackends(t, lb, 1)[0]
	target := netip.AddrPortFrom(b.address, targetPort).String()
	for _, mode := range []string{"http", "tcp"} {
		want := spec(lb, b)
		want.ID += mode
		want.Services[0].Port += len(mode)
		want.Services[0].Healthcheck.Mode = mode
		require.NoError(t, lb.Balance(want))
		eventually(t, func() bool { return lb.Health(want.ID, "svc")[b.id] == driverapi.HealthSuccess }, "%s check fails", mode)
		mu.Lock()
		assert.True(t, checked["tcp4 "+target], "%s check", mode)
		clear(checked)
		mu.Unlock()
		lb.Unbalance(want.ID)
	}
	require.NoError(t, lb.Balance(spec(lb, b)))
	awaitHealth(t, lb, driverapi.HealthSuccess, b)
	_, err := through(t, lb)
	require.NoError(t, err)
	mu.Lock()
	defer mu.Unlock()
	assert.Equal(t, []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}, clients)
}

// A host that is busy for a second, at any speed, makes no member unhealthy.
func TestHealthChecksAllowForABusyHost(t *testing.T) {
	var longest atomic.Int64
	lb := newSet(t, balancer.Config{Logger: quiet(), Speed: 1000, Check: func(ctx context.Context, _, _ string) (net.Conn, error) {
		if deadline, ok := ctx.Deadline(); ok {
			longest.Store(max(longest.Load(), int64(time.Until(deadline))))
		}
		return nil, errors.New("not now")
	}})
	b := newBackends(t, lb, 1)[0]
	checked := spec(lb, b)
	checked.Services[0].Healthcheck.Mode = "tcp"
	require.NoError(t, lb.Balance(checked))
	eventually(t, func() bool { return time.Duration(longest.Load()) > time.Second }, "no check may take a second")
}

func TestServiceListensWhereTheDriverSays(t *testing.T) {
	elsewhere := netip.MustParseAddr("127.0.0.1")
	lb := newSet(t, balancer.Config{Logger: quiet(), Listen: func(ctx context.Context, at netip.AddrPort) (net.Listener, error) {
		if at.Port() != servicePort {
			return nil, errors.New("no such port")
		}
		return (&net.ListenConfig{}).Listen(ctx, "tcp4", netip.AddrPortFrom(elsewhere, 0).String())
	}})
	require.NoError(t, lb.Balance(spec(lb)))
	at, ok := lb.Endpoint("lb", servicePort)
	require.True(t, ok)
	assert.Equal(t, elsewhere, at.Addr())
	other := spec(lb)
	other.Services[0].Port++
	require.ErrorContains(t, lb.Balance(other), "no such port")
}

func TestConfigIsValidated(t *testing.T) {
	_, err := balancer.NewSet(t.Context(), balancer.Config{})
	require.ErrorContains(t, err, "no logger given")
	_, err = balancer.NewSet(t.Context(), balancer.Config{Logger: quiet(), Speed: -1})
	require.ErrorContains(t, err, "speed -1: must be positive")
}
