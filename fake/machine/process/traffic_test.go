package process_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/machine/process"
)

// front is a load balancer in front of member processes: port 80 to 8080.
func front(driver *process.Driver, members ...driverapi.Machine) driverapi.Balancer {
	_, balancers := driver.Networks()
	list := make([]driverapi.Target, len(members))
	for i, m := range members {
		list[i] = driverapi.Target{MachineID: m.ID, Address: m.Address}
	}
	return driverapi.Balancer{ID: "lb", Address: addressOf(balancers, 0), Services: []driverapi.Service{{
		ID: "svc", Name: "web", Port: 80, TargetPort: process.LoadPort, Protocol: "tcp", Strategy: "round-robin",
		Healthcheck: driverapi.Healthcheck{
			Mode: "http", Port: process.LoadPort, URI: "/health", Interval: 5, Timeout: 5, Retries: 1,
		},
		Targets: list, Attempts: len(list),
	}}}
}

func awaitMembers(t *testing.T, driver *process.Driver, want driverapi.Health, members ...driverapi.Machine) {
	t.Helper()
	for _, m := range members {
		eventually(t, func() bool { return driver.Health("lb", "svc")[m.ID] == want }, "%s does not become %s", m.Name, want)
	}
}

func frontURL(t *testing.T, driver *process.Driver) string {
	t.Helper()
	at, ok := driver.Endpoint("lb", 80)
	require.True(t, ok)
	return "http://" + at.String()
}

func TestBalancerSharesLoadEvenlyAmongMembers(t *testing.T) {
	driver := newDriver(t, nil)
	members := start(t, driver, 2)
	require.NoError(t, driver.Balance(front(driver, members...)))
	awaitMembers(t, driver, driverapi.HealthSuccess, members...)
	for range 20 { // 10 ms each
		_, err := fetch(t.Context(), frontURL(t, driver)+"/load")
		require.NoError(t, err)
	}
	for _, m := range members {
		eventually(t, func() bool { return busySeconds(t, driver, m) >= 0.1 }, "%s does not have its share", m.Name)
		assert.InDelta(t, 0.1, busySeconds(t, driver, m), 1e-9)
	}
}

func TestKilledMemberGetsNoTrafficOnceTheCheckNoticed(t *testing.T) {
	driver := newDriver(t, nil)
	members := start(t, driver, 2)
	require.NoError(t, driver.Balance(front(driver, members...)))
	awaitMembers(t, driver, driverapi.HealthSuccess, members...)
	pid, _ := driver.PID(members[0].ID)
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	awaitMembers(t, driver, driverapi.HealthFailure, members[0])
	for range 20 {
		_, err := fetch(t.Context(), frontURL(t, driver)+"/load")
		require.NoError(t, err)
	}
	require.NoError(t, driver.Start(members[0]))
	awaitMembers(t, driver, driverapi.HealthSuccess, members[0])
}

func TestRebootingMemberGetsNoTrafficWhenItsLastRunHasDrained(t *testing.T) {
	driver := newDriver(t, func(cfg *process.Config) { cfg.Work = 300 * time.Millisecond })
	m := start(t, driver, 1)[0]
	require.NoError(t, driver.Balance(front(driver, m)))
	awaitMembers(t, driver, driverapi.HealthSuccess, m)
	target, result := frontURL(t, driver)+"/load", make(chan error, 1)
	go func() {
		_, err := fetch(context.WithoutCancel(t.Context()), target)
		result <- err
	}()
	eventually(t, func() bool { return busySeconds(t, driver, m) > 0 }, "the request did not arrive")
	driver.Stop(m.ID)
	m.BootTime = time.Hour
	require.NoError(t, driver.Start(m))
	require.NoError(t, driver.Balance(front(driver)))
	require.NoError(t, driver.Balance(front(driver, m)))
	require.NoError(t, <-result, "the last run finishes what it has")
	awaitMembers(t, driver, driverapi.HealthFailure, m)
	_, err := fetch(t.Context(), frontURL(t, driver)+"/health")
	assert.Error(t, err)
}

// A balancer that is told at once who goes, and tries all others, loses nothing if
// members may finish what they have.
func TestStoppedMembersUnderLoadCostNoRequest(t *testing.T) {
	for _, c := range []struct {
		name string
		keep bool
	}{{"a connection per request", false}, {"connections are kept", true}} {
		t.Run(c.name, func(t *testing.T) {
			driver := newDriver(t, nil)
			members := start(t, driver, 2)
			require.NoError(t, driver.Balance(front(driver, members...)))
			awaitMembers(t, driver, driverapi.HealthSuccess, members...)
			load := startLoad(t, frontURL(t, driver)+"/load", c.keep)
			for i := range 4 {
				goes, stays := members[i%2], members[1-i%2]
				load.awaitMore(t, 20)
				driver.Stop(goes.ID) // the process goes before the balancer is told
				require.NoError(t, driver.Balance(front(driver, stays)))
				load.awaitMore(t, 20)
				require.NoError(t, driver.Start(goes))
				eventually(t, func() bool { _, on := driver.PID(goes.ID); return on }, "the process before it has not ended")
				require.NoError(t, driver.Balance(front(driver, members...)))
				awaitMembers(t, driver, driverapi.HealthSuccess, members...)
			}
			load.stop()
			assert.NoError(t, errors.Join(load.errs[:min(len(load.errs), 5)]...), "%d requests lost", len(load.errs))
		})
	}
}

// A load is ten clients, each of which sends its next request as soon as it is answered.
type load struct {
	served  atomic.Int64
	clients sync.WaitGroup
	cancel  context.CancelFunc

	mu   sync.Mutex
	errs []error
}

func startLoad(t *testing.T, url string, keep bool) *load {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	l := &load{cancel: cancel}
	for range 10 {
		l.clients.Go(func() {
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: !keep}}
			defer client.CloseIdleConnections()
			for ctx.Err() == nil {
				// A request is finished also when the load ends meanwhile.
				if _, err := fetchWith(context.WithoutCancel(ctx), client, url); err != nil {
					l.mu.Lock()
					l.errs = append(l.errs, err)
					l.mu.Unlock()
				}
				l.served.Add(1)
			}
		})
	}
	t.Cleanup(l.stop)
	return l
}

func (l *load) awaitMore(t *testing.T, requests int64) {
	t.Helper()
	target := l.served.Load() + requests
	eventually(t, func() bool { return l.served.Load() >= target }, "no requests answered")
}

func (l *load) stop() {
	l.cancel()
	l.clients.Wait()
}

func TestClientThatLeavesTakesItsRequestOutOfTheQueue(t *testing.T) {
	driver := newDriver(t, func(cfg *process.Config) { cfg.Work, cfg.Grace = time.Hour, time.Millisecond })
	m := start(t, driver, 1)[0]
	require.NoError(t, driver.Balance(front(driver, m)))
	awaitMembers(t, driver, driverapi.HealthSuccess, m)
	ctx, leave := context.WithCancel(t.Context())
	target, result := frontURL(t, driver)+"/load", make(chan error, 1)
	go func() {
		_, err := fetch(ctx, target)
		result <- err
	}()
	eventually(t, func() bool { return busySeconds(t, driver, m) > 0 }, "the request did not arrive")
	leave()
	require.ErrorIs(t, <-result, context.Canceled)
	// Only an idle member gains idle time faster than busy time.
	begin := cpuSeconds(t, driver, m)
	eventually(t, func() bool {
		now := cpuSeconds(t, driver, m)
		idle, busy := now["idle"]-begin["idle"], now["user"]-begin["user"]
		begin = now
		return idle > 0 && busy == 0
	}, "the member works on for a client that left")
}
