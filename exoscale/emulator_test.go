package exoscale_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/discovery"
	"github.com/exopool/exopool/exoscale"
	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/pooltest"
)

const microType = "71004023-bb72-4a97-b1e9-bc66dfce9470"

// emulator starts a cloud and a client that reaches it without a socket.
func emulator(tb testing.TB, cfg exoapi.Config) (*exoapi.Cloud, *exoscale.Client) {
	tb.Helper()
	cloud, err := exoapi.New(cfg)
	require.NoError(tb, err)
	tb.Cleanup(cloud.Close)
	return cloud, newClient(tb, cloud.Transport(), func(c *exoscale.Config) {
		c.Key, c.Secret = cloud.Credential()
		// An address, so that the cloud takes its default zone.
		c.Endpoint = "http://127.0.0.1:8929/v2"
	})
}

// newPool creates a pool, waits until its members run, and returns its id.
func newPool(tb testing.TB, cloud *exoapi.Cloud, name string, size int) string {
	tb.Helper()
	var catalogue struct {
		Templates []struct {
			ID string `json:"id"`
		} `json:"templates"`
	}
	require.NoError(tb, cloud.Call(tb.Context(), http.MethodGet, "/v2/template", nil, &catalogue))
	require.NotEmpty(tb, catalogue.Templates)
	id, err := cloud.Do(tb.Context(), http.MethodPost, "/v2/instance-pool", map[string]any{
		"name": name, "size": size, "disk-size": 10,
		"instance-type": map[string]any{"id": microType},
		"template":      map[string]any{"id": catalogue.Templates[0].ID},
	})
	require.NoError(tb, err)
	return id
}

// TestPoolKeepsTheContractOfPools runs what the fake pool runs too.
func TestPoolKeepsTheContractOfPools(t *testing.T) {
	pooltest.RunInBubble(t, func(t *testing.T) pooltest.Harness {
		t.Helper()
		cloud, client := emulator(t, exoapi.Config{})
		id := newPool(t, cloud, "web", pooltest.StartSize)
		return pooltest.Harness{
			Pool: client.Pool(id),
			SetSize: func(size int) {
				require.NoError(t, cloud.SetPoolSize(id, size))
				for cloud.Pools()[0].State != string(autoscale.StateRunning) {
					time.Sleep(time.Second)
				}
			},
			SetState: func(state autoscale.State) { require.NoError(t, cloud.SetPoolState(id, string(state))) },
			RefuseNextResize: func() {
				_, err := cloud.Faults().Add(exoapi.Fault{Name: exoapi.FaultQuotaReached, Operation: "scale-instance-pool", Count: 1})
				require.NoError(t, err)
			},
			Delete: func() {
				_, err := cloud.Do(t.Context(), http.MethodDelete, "/v2/instance-pool/"+id, nil)
				require.NoError(t, err)
			},
		}
	})
}

func TestMembersThatAreBeingDestroyedStillCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := emulator(t, exoapi.Config{})
		id := newPool(t, cloud, "web", 3)
		require.NoError(t, cloud.SetPoolSize(id, 1))

		status, err := client.Pool(id).Status(t.Context())

		require.NoError(t, err)
		assert.Equal(t, 1, status.Size)
		assert.Len(t, status.Members, 3)
		assert.Equal(t, autoscale.State("scaling-down"), status.State)
	})
}

func TestResizeOutlivesFaults(t *testing.T) {
	// The request is sent once; looking at its operation may be repeated.
	tests := map[string]exoapi.Fault{
		"answer slow":              {Name: exoapi.FaultLatency, Duration: 5 * time.Second},
		"operation slow":           {Name: exoapi.FaultOperationStuck, Duration: 30 * time.Second},
		"rate limit while waiting": {Name: exoapi.FaultTooManyRequests, Operation: "get-operation"},
		"errors while waiting":     {Name: exoapi.FaultServerErrorBefore, Operation: "get-operation", Count: 3},
	}
	for name, fault := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud, client := emulator(t, exoapi.Config{})
				id := newPool(t, cloud, "web", 1)
				if fault.Operation == "" {
					fault.Operation = "scale-instance-pool"
				}
				fault.Count = max(fault.Count, 1)
				_, err := cloud.Faults().Add(fault)
				require.NoError(t, err)

				require.NoError(t, client.Pool(id).Resize(within(t, 2*time.Minute), 2))

				status, err := client.Pool(id).Status(t.Context())
				require.NoError(t, err)
				assert.Equal(t, 2, status.Size)
				assert.Len(t, status.Members, 2)
				assert.Equal(t, autoscale.StateRunning, status.State)
				assert.Empty(t, cloud.Faults().List(), "the fault has struck")
			})
		})
	}
}

func TestAResizeWhoseAnswerIsLostIsNeverCalledRefused(t *testing.T) {
	for _, name := range []string{exoapi.FaultDropAfter, exoapi.FaultServerErrorAfter} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud, client := emulator(t, exoapi.Config{})
				id := newPool(t, cloud, "web", 1)
				_, err := cloud.Faults().Add(exoapi.Fault{Name: name, Operation: "scale-instance-pool", Count: 1})
				require.NoError(t, err)

				err = client.Pool(id).Resize(within(t, 2*time.Minute), 2)

				assert.NotErrorIs(t, err, autoscale.ErrRefused)
				assert.Equal(t, 2, cloud.Pools()[0].Size)
			})
		})
	}
}

func TestAFailedOperationGivesTheAPIsReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := emulator(t, exoapi.Config{})
		id := newPool(t, cloud, "web", 1)
		_, err := cloud.Faults().Add(exoapi.Fault{Name: exoapi.FaultOperationFails, Operation: "scale-instance-pool", Count: 1})
		require.NoError(t, err)

		err = client.Pool(id).Resize(within(t, time.Minute), 2)

		require.ErrorContains(t, err, "ended as failure: ")
		assert.NotContains(t, err.Error(), "job failed")
	})
}

func TestListerSeesMembersAndTheirHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := emulator(t, exoapi.Config{})
		web, db := newPool(t, cloud, "web", 2), newPool(t, cloud, "db", 1)
		nlb, err := cloud.Do(t.Context(), http.MethodPost, "/v2/load-balancer", map[string]any{"name": "front"})
		require.NoError(t, err)
		_, err = cloud.Do(t.Context(), http.MethodPost, "/v2/load-balancer/"+nlb+"/service", map[string]any{
			"name": "http", "instance-pool": map[string]any{"id": web}, "protocol": "tcp", "strategy": "round-robin", "port": 80, "target-port": 8080,
			"healthcheck": map[string]any{"mode": "http", "port": 8080, "uri": "/health", "interval": 10, "timeout": 5, "retries": 1},
		})
		require.NoError(t, err)
		time.Sleep(time.Minute)
		lister := client.Lister()
		before := cloud.Calls()

		pool, err := lister.Pool(t.Context(), web)
		require.NoError(t, err)
		ofWeb, err := lister.Instances(t.Context(), []string{web})
		require.NoError(t, err)
		require.Len(t, ofWeb, 2)
		assert.ElementsMatch(t, []string{ofWeb[0].ID, ofWeb[1].ID}, pool.Members)
		pool.Members = nil
		assert.Equal(t, discovery.Pool{ID: web, Name: "web", State: "running", Size: 2}, pool)
		ofBoth, err := lister.Instances(t.Context(), []string{db, web})
		require.NoError(t, err)
		require.Len(t, ofBoth, 3)
		assert.Subset(t, ofBoth, ofWeb)
		nothing, err := lister.Instances(t.Context(), []string{poolID})
		require.NoError(t, err)
		assert.Empty(t, nothing, "a pool that does not exist has no members")

		backends, err := lister.Backends(t.Context())
		require.NoError(t, err)
		require.Len(t, backends, 1)
		assert.Equal(t, nlb, backends[0].BalancerID)
		assert.Equal(t, "http", backends[0].Service)
		assert.Equal(t, web, backends[0].PoolID)
		for _, member := range ofWeb {
			assert.Equal(t, web, member.PoolID)
			assert.Equal(t, "running", member.State)
			assert.Equal(t, microType, member.TypeID)
			assert.False(t, member.Created.IsZero())
			assert.Equal(t, discovery.Health{OK: true, Text: "success"}, backends[0].Health[member.IPv4])
			assert.False(t, member.Gone)
		}
		assert.Equal(t, 5, cloud.Calls().Total-before.Total, "each answer takes one call")

		_, err = lister.Pool(t.Context(), poolID)
		require.ErrorIs(t, err, discovery.ErrPoolNotFound)
	})
}

func TestWrongCredentialsGetTheirOwnMessage(t *testing.T) {
	cloud, _ := emulator(t, exoapi.Config{})
	id, secrets := "", cloud.Credentials()
	for k := range secrets {
		id = k
	}
	for name, pair := range map[string][2]string{"key": {"EXOunknown", secrets[id]}, "secret": {id, "wrong"}} {
		t.Run(name, func(t *testing.T) {
			client := newClient(t, cloud.Transport(), func(c *exoscale.Config) {
				c.Endpoint, c.Key, c.Secret = "http://127.0.0.1/v2", pair[0], pair[1]
			})

			_, err := client.Pool(poolID).Status(t.Context())

			require.ErrorIs(t, err, exoscale.ErrUnauthorized)
			assert.ErrorContains(t, err, "check the key, its secret and its role")
			assert.NotContains(t, err.Error(), pair[0])
			assert.NotContains(t, err.Error(), pair[1])
		})
	}
}

func TestUnknownPoolsGetTheirOwnMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := emulator(t, exoapi.Config{})

		_, err := client.Pool(poolID).Status(t.Context())
		require.ErrorIs(t, err, autoscale.ErrPoolNotFound)
		require.ErrorIs(t, client.Pool(poolID).Resize(t.Context(), 1), autoscale.ErrPoolNotFound)
		_, err = client.ResolvePool(t.Context(), "web")
		require.ErrorContains(t, err, "the zone has none")

		id := newPool(t, cloud, "web", 1)
		got, err := client.ResolvePool(t.Context(), "web")
		require.NoError(t, err)
		assert.Equal(t, id, got)
		_, err = client.ResolvePool(t.Context(), "db")
		require.ErrorContains(t, err, `no pool named "db" in zone at-vie-1; there are: web`)
	})
}

// BenchmarkInstances: one call per refresh, time linear in the members.
func BenchmarkInstances(b *testing.B) {
	for _, size := range []int{10, 100, 1_000, 10_000} {
		b.Run(fmt.Sprintf("members=%d", size), func(b *testing.B) {
			cloud, client := emulator(b, exoapi.Config{
				Quotas: map[string]int{"instance": -1},
				Timing: exoapi.Timing{InstanceStart: -1, PoolUpdate: -1, Speed: 1000},
			})
			id := newPool(b, cloud, "web", size)
			lister := client.Lister()
			before := cloud.Calls().Total
			b.ReportAllocs()
			for b.Loop() {
				members, err := lister.Instances(b.Context(), []string{id})
				if err != nil || len(members) != size {
					b.Fatalf("%d members, error %v", len(members), err)
				}
			}
			b.ReportMetric(float64(cloud.Calls().Total-before)/float64(b.N), "calls/op")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(size), "ns/member")
		})
	}
}
