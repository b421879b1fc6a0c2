package exoapi_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	egoscale "github.com/exoscale/egoscale/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

// spreadPool returns a pool whose members are in an anti-affinity group, and the
// group.
func spreadPool(t *testing.T, client *egoscale.Client, size int64) (*egoscale.InstancePool, *egoscale.AntiAffinityGroup) {
	t.Helper()
	group, err := client.CreateAntiAffinityGroup(t.Context(), zone, &egoscale.AntiAffinityGroup{Name: new("spread")})
	require.NoError(t, err)
	wanted := wantedPool(t, client, size)
	wanted.AntiAffinityGroupIDs = &[]string{*group.ID}
	pool, err := client.CreateInstancePool(t.Context(), zone, wanted)
	require.NoError(t, err)
	return pool, group
}

// scaleTo scales a pool and returns how the operation has ended a minute later.
func scaleTo(t *testing.T, cloud *exoapi.Cloud, pool *egoscale.InstancePool, size string) map[string]any {
	t.Helper()
	op := call(t, cloud, http.MethodPut, "/v2/instance-pool/"+*pool.ID+":scale", `{"size":`+size+`}`)
	require.Equal(t, 200, op.status, "the call itself is accepted")
	require.Equal(t, "pending", op.body["state"])
	time.Sleep(time.Minute)
	return call(t, cloud, http.MethodGet, "/v2/operation/"+op.body["id"].(string), "").body
}

func TestAntiAffinityGroupHoldsEightInstancesByDefault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		pool, group := spreadPool(t, client, 7)
		require.Equal(t, "success", scaleTo(t, cloud, pool, "8")["state"])

		failed := scaleTo(t, cloud, pool, "9")
		assert.Equal(t, "failure", failed["state"])
		assert.Equal(t, "unavailable", failed["reason"])
		assert.Equal(t, "anti-affinity group "+*group.ID+" is full: it has 8 of at most 8 instances, 1 more requested", failed["message"])
		assert.Equal(t, 8, cloud.Pools()[0].Size, "nothing has changed")
		assert.Equal(t, "running", cloud.Pools()[0].State)
		require.ErrorContains(t, cloud.SetPoolSize(*pool.ID, 9), "is full")

		require.Equal(t, "success", scaleTo(t, cloud, pool, "7")["state"], "shrinking needs no room")
		assert.Equal(t, "success", scaleTo(t, cloud, pool, "8")["state"])
	})
}

func TestCapacityOfAntiAffinityGroupsIsASetting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{AntiAffinityCapacity: 2})
		pool, group := spreadPool(t, client, 2)
		assert.Equal(t, "failure", scaleTo(t, cloud, pool, "3")["state"])
		types, err := client.ListInstanceTypes(t.Context(), zone)
		require.NoError(t, err)
		alone := &egoscale.Instance{
			Name: new("alone"), DiskSize: new(int64(10)), InstanceTypeID: types[0].ID, TemplateID: templateID(t, client),
			AntiAffinityGroupIDs: &[]string{*group.ID},
		}
		_, err = client.CreateInstance(t.Context(), zone, alone)
		require.ErrorContains(t, err, "job failed")
		more := wantedPool(t, client, 1)
		more.Name, more.AntiAffinityGroupIDs = new("more"), &[]string{*group.ID}
		_, err = client.CreateInstancePool(t.Context(), zone, more)
		require.ErrorContains(t, err, "job failed")
		assert.Len(t, cloud.Instances(), 2)
		assert.Len(t, cloud.Pools(), 1)
	})
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{AntiAffinityCapacity: -1})
		pool, _ := spreadPool(t, client, 8)
		assert.Equal(t, "success", scaleTo(t, cloud, pool, "12")["state"])
	})
	_, err := exoapi.New(exoapi.Config{AntiAffinityCapacity: -2})
	require.ErrorContains(t, err, "anti-affinity capacity -2 is below -1")
}

func TestFaultAntiAffinityFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		pool, _ := spreadPool(t, client, 1)
		inject(t, cloud, exoapi.Fault{Name: exoapi.FaultAntiAffinityFull, Operation: scale, Count: 1})
		assert.Equal(t, "unavailable", scaleTo(t, cloud, pool, "2")["reason"])
		assert.Equal(t, "success", scaleTo(t, cloud, pool, "2")["state"])

		inject(t, cloud, exoapi.Fault{Name: exoapi.FaultAntiAffinityFull, Count: 1})
		id := instancesOf(t, client, *pool.ID)[0].ID
		require.NoError(t, client.DeleteInstance(t.Context(), zone, &egoscale.Instance{ID: id}))
		assert.Len(t, instancesOf(t, client, *pool.ID), 1, "there is no room for another one in its place")
		time.Sleep(time.Minute)
		assert.Len(t, instancesOf(t, client, *pool.ID), 2)
	})
}
