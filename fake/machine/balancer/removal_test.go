package balancer_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/driverapi"
)

// askMany sends requests, and returns how many each target answered and how many
// none did.
func askMany(t *testing.T, lb *testSet, requests int) (served map[string]int, lost int) {
	t.Helper()
	served = map[string]int{}
	for range requests {
		if id, err := through(t, lb); err == nil {
			served[id]++
		} else {
			lost++
		}
	}
	return served, lost
}

// rarely is a health check of which only the first result counts in a test.
func rarely(b driverapi.Balancer) driverapi.Balancer {
	b.Services[0].Healthcheck.Interval = 300
	b.Services[0].Healthcheck.Retries = 20
	return b
}

func TestTargetsThatDoNotAcceptCostRequests(t *testing.T) {
	for name, test := range map[string]struct{ attempts, lost int }{
		"one attempt, as by default": {0, 10},
		"two attempts":               {2, 0},
		"more than there are":        {9, 0},
	} {
		t.Run(name, func(t *testing.T) {
			lb := newBalancers(t)
			list := newBackends(t, lb, 2)
			want := rarely(spec(lb, list...))
			want.Services[0].Attempts = test.attempts
			require.NoError(t, lb.Balance(want))
			awaitHealth(t, lb, driverapi.HealthSuccess, list...)
			list[0].server.Close()
			served, lost := askMany(t, lb, 20)
			assert.Equal(t, test.lost, lost)
			assert.Equal(t, 20-test.lost, served["id-1"])
		})
	}
}

func TestRemovedTargetGetsConnectionsUntilTheBalancerNotices(t *testing.T) {
	for name, test := range map[string]struct {
		delay  time.Duration
		notice func(*backend)
		served int // of 20 requests, before it is noticed
	}{
		"at once":                    {0, func(*backend) {}, 0},
		"by the health check alone":  {driverapi.UntilUnhealthy, func(b *backend) { b.sick.Store(true) }, 10},
		"by the health check before": {time.Hour * 1000, func(b *backend) { b.sick.Store(true) }, 10},
		"after the delay":            {200 * time.Second, func(*backend) {}, 10}, // 200 ms
	} {
		t.Run(name, func(t *testing.T) {
			lb := newBalancers(t)
			list := newBackends(t, lb, 2)
			require.NoError(t, lb.Balance(spec(lb, list...)))
			awaitHealth(t, lb, driverapi.HealthSuccess, list...)
			want := spec(lb, list[1])
			want.Services[0].Delay = test.delay
			require.NoError(t, lb.Balance(want))
			assert.NotContains(t, lb.Health("lb", "svc"), "id-0", "the health check is not asked about it")
			served, lost := askMany(t, lb, 20)
			assert.Equal(t, test.served, served["id-0"])
			assert.Zero(t, lost)

			require.NoError(t, lb.Balance(want), "nothing has changed")
			test.notice(list[0])
			eventually(t, func() bool {
				served, _ := askMany(t, lb, 2)
				return served["id-0"] == 0
			}, "it still gets connections")
			list[0].sick.Store(false)
			checks := list[0].checks.Load()
			served, _ = askMany(t, lb, 20)
			assert.Equal(t, map[string]int{"id-1": 20}, served, "it does not come back")
			assert.Equal(t, checks, list[0].checks.Load(), "it is not checked any more")
		})
	}
}

func TestRemovedTargetGivesWay(t *testing.T) {
	lb := newBalancers(t)
	list := newBackends(t, lb, 1)
	want := spec(lb, list...)
	want.Services[0].Delay = driverapi.UntilUnhealthy
	require.NoError(t, lb.Balance(want))
	awaitHealth(t, lb, driverapi.HealthSuccess, list...)

	other := want
	other.Services = []driverapi.Service{want.Services[0]}
	other.Services[0].Targets = []driverapi.Target{{MachineID: "new", Address: list[0].address, Unhealthy: true}}
	require.NoError(t, lb.Balance(other))
	eventually(t, func() bool { return lb.Health("lb", "svc")["new"] == driverapi.HealthFailure }, "not checked")
	_, err := through(t, lb)
	require.Error(t, err, "what had the address before is gone")

	require.NoError(t, lb.Balance(want))
	awaitHealth(t, lb, driverapi.HealthSuccess, list...)
	none := want
	none.Services = []driverapi.Service{want.Services[0]}
	none.Services[0].Targets = nil
	require.NoError(t, lb.Balance(none))
	require.NoError(t, lb.Balance(want), "it is wanted again")
	awaitHealth(t, lb, driverapi.HealthSuccess, list...)
	list[0].sick.Store(true)
	awaitHealth(t, lb, driverapi.HealthFailure, list...)
	list[0].sick.Store(false)
	awaitHealth(t, lb, driverapi.HealthSuccess, list...)
}

func TestTargetThatIsToBeUnhealthyGetsNoTraffic(t *testing.T) {
	lb := newBalancers(t)
	list := newBackends(t, lb, 2)
	want := spec(lb, list...)
	require.NoError(t, lb.Balance(want))
	awaitHealth(t, lb, driverapi.HealthSuccess, list...)
	want.Services[0].Targets[0].Unhealthy = true
	require.NoError(t, lb.Balance(want))
	awaitHealth(t, lb, driverapi.HealthFailure, list[0])
	served, lost := askMany(t, lb, 10)
	assert.Equal(t, map[string]int{"id-1": 10}, served)
	assert.Zero(t, lost)
	assert.ErrorContains(t, lb.HealthProblems("lb", "svc")["id-0"], "made to fail")
	want.Services[0].Targets[0].Unhealthy = false
	require.NoError(t, lb.Balance(want))
	awaitHealth(t, lb, driverapi.HealthSuccess, list[0])
}
