package exoapi_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	egoscale "github.com/exoscale/egoscale/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

// inject puts a fault in force.
func inject(tb testing.TB, cloud *exoapi.Cloud, fault exoapi.Fault) {
	tb.Helper()
	_, err := cloud.Faults().Add(fault)
	require.NoError(tb, err)
}

const scale = "scale-instance-pool"

// scaling has a pool of one member and a call that scales it to two.
func scaling(t *testing.T) (cloud *exoapi.Cloud, client *egoscale.Client, pool *egoscale.InstancePool, path string) {
	t.Helper()
	cloud, client = start(t, exoapi.Config{})
	pool = newPool(t, client, 1)
	return cloud, client, pool, "/v2/instance-pool/" + *pool.ID + ":scale"
}

func TestFaultLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, _ := start(t, exoapi.Config{})
		inject(t, cloud, exoapi.Fault{Name: exoapi.FaultLatency, Operation: "list-zones", Duration: time.Minute})
		before := time.Now()
		assert.Equal(t, 200, call(t, cloud, http.MethodGet, "/v2/zone", "").status)
		assert.Equal(t, time.Minute, time.Since(before))
		assert.Equal(t, 200, call(t, cloud, http.MethodGet, "/v2/quota", "").status)
		assert.Equal(t, time.Minute, time.Since(before), "other operations are not delayed")

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := failCall(t, cloud, http.MethodGet, "/v2/zone", "", func(r *http.Request) { *r = *r.WithContext(ctx) })
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Minute+time.Second, time.Since(before), "a delayed request ends with its context")
	})
}

func TestFaultsThatAnswerInsteadOfActing(t *testing.T) {
	for name, tc := range map[string]struct {
		fault  exoapi.Fault
		status int
		acted  bool
	}{
		"too many requests":   {exoapi.Fault{Name: exoapi.FaultTooManyRequests, Duration: 90 * time.Second}, 429, false},
		"server error before": {exoapi.Fault{Name: exoapi.FaultServerErrorBefore}, 500, false},
		"server error after":  {exoapi.Fault{Name: exoapi.FaultServerErrorAfter}, 500, true},
		"quota reached":       {exoapi.Fault{Name: exoapi.FaultQuotaReached}, 403, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud, _, _, path := scaling(t)
				tc.fault.Operation, tc.fault.Count = scale, 1
				inject(t, cloud, tc.fault)
				got := call(t, cloud, http.MethodPut, path, `{"size":2}`)
				assert.Equal(t, tc.status, got.status)
				assert.NotEmpty(t, got.message())
				if tc.status == 429 {
					assert.Equal(t, "90", got.header.Get("Retry-After"))
				}
				size := map[bool]int{false: 1, true: 2}[tc.acted]
				assert.Equal(t, size, cloud.Pools()[0].Size)
				time.Sleep(time.Minute)
				assert.Equal(t, 200, call(t, cloud, http.MethodPut, path, `{"size":2}`).status, "it was injected once")
			})
		})
	}
}

func TestFaultsThatDropTheConnection(t *testing.T) {
	for name, size := range map[string]int{exoapi.FaultDropBefore: 1, exoapi.FaultDropAfter: 2} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud, _, _, path := scaling(t)
				inject(t, cloud, exoapi.Fault{Name: name, Count: 1})
				err := failCall(t, cloud, http.MethodPut, path, `{"size":2}`)
				require.ErrorIs(t, err, io.ErrUnexpectedEOF)
				assert.Equal(t, size, cloud.Pools()[0].Size)
			})
		})
	}
}

func TestFaultTooManyRequestsWithoutRetryAfter(t *testing.T) {
	cloud := newCloud(t, exoapi.Config{})
	inject(t, cloud, exoapi.Fault{Name: exoapi.FaultTooManyRequests, Count: 1})
	got := call(t, cloud, http.MethodGet, "/v2/zone", "")
	assert.Equal(t, 429, got.status)
	assert.NotContains(t, got.header, "Retry-After")
}

func TestFaultsThatNeverAnswer(t *testing.T) {
	for name, size := range map[string]int{exoapi.FaultHalfOpenBefore: 1, exoapi.FaultHalfOpenAfter: 2} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud, _, _, path := scaling(t)
				inject(t, cloud, exoapi.Fault{Name: name, Operation: scale, Count: 1})
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				asked := time.Now()
				err := failCall(t, cloud, http.MethodPut, path, `{"size":2}`, func(r *http.Request) { *r = *r.WithContext(ctx) })
				require.ErrorIs(t, err, context.DeadlineExceeded)
				assert.Equal(t, time.Hour, time.Since(asked))
				assert.Equal(t, size, cloud.Pools()[0].Size)
			})
		})
	}
}

func TestAHalfOpenConnectionEndsWithItsClient(t *testing.T) {
	cloud := newCloud(t, exoapi.Config{})
	inject(t, cloud, exoapi.Fault{Name: exoapi.FaultHalfOpenBefore, Count: 1})
	server := httptest.NewServer(cloud.Handler())
	defer server.Close() // it waits for the handler
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/v2/zone", nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	if err == nil {
		resp.Body.Close()
	}
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestFaultPartialList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		pool := newPool(t, client, 5)
		list := func() int { return len(instancesOf(t, client, *pool.ID)) }
		inject(t, cloud, exoapi.Fault{Name: exoapi.FaultPartialList, Count: 1, Keep: 1})
		inject(t, cloud, exoapi.Fault{Name: exoapi.FaultPartialList, Operation: "list-instances", Count: 1})
		inject(t, cloud, exoapi.Fault{Name: exoapi.FaultPartialList, Count: 1, Keep: 9})
		assert.Equal(t, []int{1, 0, 5, 5}, []int{list(), list(), list(), list()})
		assert.Equal(t, map[string]int{exoapi.FaultPartialList: 3}, cloud.Faults().Injected())
	})
}

func TestDroppedConnectionOverASocket(t *testing.T) {
	cloud := newCloud(t, exoapi.Config{})
	inject(t, cloud, exoapi.Fault{Name: exoapi.FaultDropBefore, Count: 1})
	server := httptest.NewServer(cloud.Handler())
	defer server.Close()
	resp, err := http.Post(server.URL+"/v2/ssh-key", "", nil)
	if err == nil {
		resp.Body.Close()
	}
	require.ErrorIs(t, err, io.EOF)
	resp, err = http.Get(server.URL + "/v2/zone")
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, 200, resp.StatusCode)
}

func TestFaultOperationFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client, pool, path := scaling(t)
		inject(t, cloud, exoapi.Fault{Name: exoapi.FaultOperationFails, Operation: scale, Count: 2})
		require.ErrorContains(t, client.ScaleInstancePool(t.Context(), zone, pool, 2), "job failed")
		assert.Equal(t, 1, cloud.Pools()[0].Size)
		op := call(t, cloud, http.MethodPut, path, `{"size":2}`)
		assert.Equal(t, "pending", op.body["state"])
		op = call(t, cloud, http.MethodGet, "/v2/operation/"+op.body["id"].(string), "")
		assert.Equal(t, "failure", op.body["state"])
		assert.Equal(t, "fault", op.body["reason"])
		require.NoError(t, client.ScaleInstancePool(t.Context(), zone, pool, 2))
	})
}

func TestFaultOperationStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, _, _, path := scaling(t)
		inject(t, cloud, exoapi.Fault{Name: exoapi.FaultOperationStuck, Operation: scale, Count: 1})
		inject(t, cloud, exoapi.Fault{Name: exoapi.FaultOperationStuck, Operation: scale, Count: 1, Duration: time.Hour})
		state := func(op answer) any {
			return call(t, cloud, http.MethodGet, "/v2/operation/"+op.body["id"].(string), "").body["state"]
		}
		forever := call(t, cloud, http.MethodPut, path, `{"size":2}`)
		time.Sleep(time.Minute)
		assert.Len(t, cloud.Pools()[0].Members, 2, "what was asked for is done")
		hour := call(t, cloud, http.MethodPut, path, `{"size":1}`)
		time.Sleep(time.Minute)
		assert.Equal(t, "pending", state(hour))
		time.Sleep(time.Hour)
		assert.Equal(t, "success", state(hour))
		assert.Equal(t, "pending", state(forever))
	})
}

func TestFaultMemberNeverHealthy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client, pool, _ := scaling(t)
		nlb, _ := newService(t, client, pool)
		inject(t, cloud, exoapi.Fault{Name: exoapi.FaultMemberNeverHealthy, Operation: scale, Count: 1})
		require.NoError(t, client.ScaleInstancePool(t.Context(), zone, pool, 3))
		time.Sleep(time.Hour)
		members := instancesOf(t, client, *pool.ID)
		assert.Equal(t, map[string]string{
			members[0].PublicIPAddress.String(): "success",
			members[1].PublicIPAddress.String(): "failure",
			members[2].PublicIPAddress.String(): "success",
		}, health(t, client, *nlb.ID))
	})
}

func TestUnknownFaultsAreRefused(t *testing.T) {
	cloud := newCloud(t, exoapi.Config{})
	_, err := cloud.Faults().Add(exoapi.Fault{Name: "earthquake"})
	for _, name := range exoapi.FaultNames() {
		require.ErrorContains(t, err, name)
	}
	for _, bad := range []exoapi.Fault{
		{Name: exoapi.FaultDropAfter, Operation: "scale-pool"},
		{Name: exoapi.FaultDropAfter, Count: -1},
		{Name: exoapi.FaultDropAfter, Duration: -1},
		{Name: exoapi.FaultLatency},
		{Name: exoapi.FaultPartialList, Keep: -1},
		{Name: exoapi.FaultPartialList, Operation: "list-zones"},
		{Name: exoapi.FaultDropAfter, Keep: 1},
	} {
		_, err := cloud.Faults().Add(bad)
		require.Error(t, err, bad)
	}
	assert.Empty(t, cloud.Faults().List())
}

func TestFaultsLastUntilRemoved(t *testing.T) {
	cloud := newCloud(t, exoapi.Config{})
	zoneStatus := func() int { return call(t, cloud, http.MethodGet, "/v2/zone", "").status }
	id, err := cloud.Faults().Add(exoapi.Fault{Name: exoapi.FaultServerErrorBefore})
	require.NoError(t, err)
	for range 3 {
		assert.Equal(t, 500, zoneStatus())
	}
	inject(t, cloud, exoapi.Fault{Name: exoapi.FaultTooManyRequests, Count: 2})
	assert.Equal(t, 429, zoneStatus())
	assert.Equal(t, []exoapi.Fault{
		{Name: exoapi.FaultServerErrorBefore, Operation: exoapi.AnyOperation},
		{Name: exoapi.FaultTooManyRequests, Operation: exoapi.AnyOperation, Count: 1},
	}, cloud.Faults().List())
	cloud.Faults().Remove(id)
	cloud.Faults().Remove(id)
	assert.Equal(t, 429, zoneStatus())
	assert.Equal(t, 200, zoneStatus())
	inject(t, cloud, exoapi.Fault{Name: exoapi.FaultServerErrorBefore})
	cloud.Faults().Clear()
	assert.Equal(t, 200, zoneStatus())
}

func TestAbandonedRequestIsNotMade(t *testing.T) {
	cloud := newCloud(t, exoapi.Config{})
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("changed my mind"))
	err := failCall(t, cloud, http.MethodGet, "/v2/zone", "", func(r *http.Request) { *r = *r.WithContext(ctx) })
	require.ErrorIs(t, err, context.Canceled)
	assert.Zero(t, cloud.Calls().Total)
}
