package process_test

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/drain"
	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/machine/process"
)

func newDrainClient(t *testing.T, driver *process.Driver, lease time.Duration) *drain.Client {
	t.Helper()
	client, err := drain.New(drain.Config{
		Port: driver.PortFor(process.DrainPort), Lease: lease,
		Checks: func(context.Context) ([]netip.Prefix, error) {
			return []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, nil
		},
	})
	require.NoError(t, err)
	return client
}

// keepConnection returns a client that has a connection open.
func keepConnection(t *testing.T, url string) *http.Client {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(client.CloseIdleConnections)
	_, err := fetchWith(t.Context(), client, url)
	require.NoError(t, err)
	return client
}

func TestMemberThatDrainsLeavesTheBalancerAndFinishesItsConnections(t *testing.T) {
	driver := newDriver(t, func(cfg *process.Config) { cfg.Speed = 100 })
	members := start(t, driver, 2)
	require.NoError(t, driver.Balance(front(driver, members...)))
	awaitMembers(t, driver, driverapi.HealthSuccess, members...)
	going, client := members[0].Address.String(), newDrainClient(t, driver, time.Minute)
	at, ok := driver.Endpoint("lb", 80)
	require.True(t, ok)
	open := func() int {
		n, err := client.Drain(t.Context(), going)
		require.NoError(t, err)
		return n
	}

	kept := keepConnection(t, url(driver, members[0], process.LoadPort, "/"))
	assert.Positive(t, open())
	awaitMembers(t, driver, driverapi.HealthFailure, members[0])
	for range 6 {
		keepConnection(t, "http://"+at.String()+"/")
	}
	eventually(t, func() bool { return open() == 1 }, "connections of health checks count")
	_, err := fetchWith(t.Context(), kept, url(driver, members[0], process.LoadPort, "/"))
	require.NoError(t, err, "clients are served")
	kept.CloseIdleConnections()
	eventually(t, func() bool { return open() == 0 }, "the connection has not ended")

	require.NoError(t, client.Resume(t.Context(), going))
	awaitMembers(t, driver, driverapi.HealthSuccess, members...)
}

// What is killed takes the requests with it that it has not answered, unless it has
// drained before.
func TestMemberThatHasDrainedCostsNoRequest(t *testing.T) {
	driver := newDriver(t, func(cfg *process.Config) { cfg.Speed = 100 })
	members := start(t, driver, 2)
	require.NoError(t, driver.Balance(front(driver, members...)))
	awaitMembers(t, driver, driverapi.HealthSuccess, members...)
	going, client := members[0].Address.String(), newDrainClient(t, driver, time.Minute)
	short, kept := startLoad(t, frontURL(t, driver)+"/load", false), startLoad(t, frontURL(t, driver)+"/load", true)
	short.awaitMore(t, 20)
	kept.awaitMore(t, 20)

	open, err := client.Drain(t.Context(), going)
	require.NoError(t, err)
	assert.Positive(t, open)
	awaitMembers(t, driver, driverapi.HealthFailure, members[0])
	_, err = client.Stop(t.Context(), going)
	require.NoError(t, err)
	eventually(t, func() bool {
		open, err := client.Drain(t.Context(), going)
		return assert.NoError(t, err) && open == 0
	}, "connections do not end")
	pid, running := driver.PID(members[0].ID)
	require.True(t, running)
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	short.awaitMore(t, 20)
	kept.awaitMore(t, 20)
	short.stop()
	kept.stop()
	assert.Empty(t, short.errs)
	assert.Empty(t, kept.errs)
}

func TestDrainEndsWithItsLease(t *testing.T) {
	driver := newDriver(t, func(cfg *process.Config) { cfg.Speed = 100 })
	members := start(t, driver, 1)
	require.NoError(t, driver.Balance(front(driver, members...)))
	_, err := newDrainClient(t, driver, time.Second).Drain(t.Context(), members[0].Address.String())
	require.NoError(t, err)
	awaitMembers(t, driver, driverapi.HealthFailure, members...)
	awaitMembers(t, driver, driverapi.HealthSuccess, members...)
}

func TestApplicationThatIsStoppedLetsItsConnectionsGo(t *testing.T) {
	driver := newDriver(t, nil)
	m := start(t, driver, 1)[0]
	address, client := m.Address.String(), newDrainClient(t, driver, time.Minute)
	_, err := client.Stop(t.Context(), address)
	require.ErrorContains(t, err, "there is no drain")

	kept := keepConnection(t, url(driver, m, process.LoadPort, "/"))
	n, err := client.Drain(t.Context(), address)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	_, err = client.Stop(t.Context(), address)
	require.NoError(t, err)
	eventually(t, func() bool {
		n, err := client.Drain(t.Context(), address)
		return assert.NoError(t, err) && n == 0
	}, "the idle connection has not ended")

	ask := func() bool {
		resp, err := kept.Get(url(driver, m, process.LoadPort, "/"))
		require.NoError(t, err)
		resp.Body.Close()
		return resp.Close
	}
	assert.True(t, ask(), "each answer is the last of its connection")
	require.NoError(t, client.Resume(t.Context(), address))
	eventually(t, func() bool { return !ask() }, "connections are not kept again")
}

func TestApplicationThatIsStoppedAnswersOnceMoreOnEachConnection(t *testing.T) {
	driver := newDriver(t, nil)
	m := start(t, driver, 1)[0]
	address, client := m.Address.String(), newDrainClient(t, driver, time.Minute)
	kept := keepConnection(t, url(driver, m, process.LoadPort, "/"))
	_, err := client.Drain(t.Context(), address)
	require.NoError(t, err)
	_, err = client.Stop(t.Context(), address)
	require.NoError(t, err)
	n, err := client.Drain(t.Context(), address)
	require.NoError(t, err)
	assert.Equal(t, 1, n, "a request may be on its way")

	reused := false
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { reused = info.Reused }})
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url(driver, m, process.LoadPort, "/load"), http.NoBody)
	require.NoError(t, err)
	resp, err := kept.Do(req)
	require.NoError(t, err)
	resp.Body.Close()
	assert.True(t, reused)
	assert.True(t, resp.Close)
	assert.Equal(t, http.StatusOK, resp.StatusCode)
}

func TestMemberRefusesWhatDrainPyRefuses(t *testing.T) {
	driver := newDriver(t, nil)
	m := start(t, driver, 1)[0]
	for request, status := range map[string]int{
		"/drain?seconds=0&checks=192.0.2.0/28":   http.StatusBadRequest,
		"/drain?seconds=601&checks=192.0.2.0/28": http.StatusBadRequest,
		"/drain?seconds=60":                      http.StatusBadRequest,
		"/drain?seconds=60&checks=192.0.2.1/28":  http.StatusBadRequest,
		"/drain?seconds=60&checks=::/0":          http.StatusBadRequest,
		"/stop":                                  http.StatusNotFound,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url(driver, m, process.DrainPort, request), http.NoBody)
		require.NoError(t, err)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, status, resp.StatusCode, request)
	}
}
