package fakecloud_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/machine/process"
)

// What clients see of a pool that shrinks from three members to one. Only the
// lenient removal costs no request: without draining, nobody else can promise
// that.
func TestRequestsLostWhenAPoolShrinks(t *testing.T) {
	for _, test := range []struct {
		name    string
		removal exoapi.Removal
		faults  []string
		loses   bool
	}{
		{"the worst case", exoapi.Removal{}, nil, true},
		{"the balancer knows at once", exoapi.Removal{BalancerDelay: -1}, nil, true},
		{"the balancer tries others", exoapi.Removal{BalancerAttempts: 10}, nil, true},
		{"members may finish", exoapi.Removal{Grace: 5 * time.Second}, nil, true},
		{"lenient", exoapi.LenientRemoval(), nil, false},
		{"lenient, but members are killed", exoapi.LenientRemoval(), []string{exoapi.FaultMemberKilled}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			cloud, pool := serving(t, 3, test.removal, processes(10*time.Millisecond))
			for _, name := range test.faults {
				_, err := cloud.API().Faults().Add(exoapi.Fault{Name: name})
				require.NoError(t, err)
			}
			keeping, others := startClients(t, cloud, true), startClients(t, cloud, false)
			keeping.awaitMore(t, 60)
			others.awaitMore(t, 60)
			require.NoError(t, cloud.API().SetPoolSize(pool, 1))
			keeping.awaitMore(t, 60)
			others.awaitMore(t, 60)
			assert.Equal(t, test.loses, countLost(t, keeping, others) > 0)
		})
	}
}

// processes returns machines that take work of CPU time for a request.
func processes(work time.Duration) fakecloud.Machines {
	return fakecloud.Processes(process.Config{Share: 1, Work: work})
}

// serving returns a cloud with a pool of healthy members behind a load balancer,
// and the pool's id.
func serving(t *testing.T, size int, removal exoapi.Removal, machines fakecloud.Machines) (*fakecloud.Cloud, string) {
	t.Helper()
	cloud, _ := start(t, fakecloud.Config{Speed: 50, Removal: removal, Machines: machines})
	pool, err := cloud.CreatePool(t.Context(), fakecloud.Pool{Name: "web", Size: size})
	require.NoError(t, err)
	_, err = cloud.CreateBalancer(t.Context(), fakecloud.Service{Name: "web", Pool: pool, Port: 80, TargetPort: process.LoadPort})
	require.NoError(t, err)
	awaitHealthy(t, cloud, size)
	return cloud, pool
}

// awaitHealthy waits until the load balancer calls as many members healthy.
func awaitHealthy(t *testing.T, cloud *fakecloud.Cloud, want int) {
	t.Helper()
	require.Eventually(t, func() bool {
		healthy := 0
		for _, health := range cloud.API().Balancers()[0].Services[0].Health {
			if health == driverapi.HealthSuccess {
				healthy++
			}
		}
		return healthy == want
	}, time.Minute, time.Millisecond)
}

// clients are twenty that send their next request as soon as one is answered.
type clients struct {
	sent, lost atomic.Int64
	cancel     context.CancelFunc
	running    sync.WaitGroup
}

// startClients starts clients of the first load balancer that keep their
// connections, or do not.
func startClients(t *testing.T, cloud *fakecloud.Cloud, keep bool) *clients {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	c := &clients{cancel: cancel}
	url := "http://" + cloud.API().Balancers()[0].Address.String() + "/load"
	for range 20 {
		c.running.Go(func() {
			client := &http.Client{Transport: &http.Transport{DialContext: cloud.DialContext, DisableKeepAlives: !keep}}
			defer client.CloseIdleConnections()
			for ctx.Err() == nil {
				if err := get(context.WithoutCancel(ctx), client, url); err != nil {
					c.lost.Add(1)
				}
				c.sent.Add(1)
			}
		})
	}
	t.Cleanup(c.stop)
	return c
}

// get reads an answer. The client repeats by itself what it sent on a kept
// connection whose end has answered nothing.
func get(ctx context.Context, client *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

func (c *clients) awaitMore(t *testing.T, requests int64) {
	t.Helper()
	target := c.sent.Load() + requests
	require.Eventually(t, func() bool { return c.sent.Load() >= target }, time.Minute, time.Millisecond)
}

func (c *clients) stop() {
	c.cancel()
	c.running.Wait()
}

// countLost stops clients and returns how many requests they have lost.
func countLost(t *testing.T, keeping, others *clients) int64 {
	t.Helper()
	keeping.stop()
	others.stop()
	t.Logf("lost %d of %d requests on connections that are kept, and %d of %d on others",
		keeping.lost.Load(), keeping.sent.Load(), others.lost.Load(), others.sent.Load())
	return keeping.lost.Load() + others.lost.Load()
}
