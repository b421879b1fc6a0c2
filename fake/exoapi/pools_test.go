package exoapi_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	egoscale "github.com/exoscale/egoscale/v2"
	"github.com/exoscale/egoscale/v2/api"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

func TestPoolIsCreatedWithRunningMembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := start(t, exoapi.Config{})
		started := time.Now()
		pool := newPool(t, client, 3)
		assert.GreaterOrEqual(t, time.Since(started), 15*time.Second, "members need their time to start")
		assert.Equal(t, "running", *pool.State)
		assert.EqualValues(t, 3, *pool.Size)
		require.Len(t, *pool.InstanceIDs, 3)

		members := instancesOf(t, client, *pool.ID)
		require.Len(t, members, 3)
		for i, m := range members {
			assert.Equal(t, (*pool.InstanceIDs)[i], *m.ID, "creation order")
			assert.Equal(t, "running", *m.State)
			assert.Regexp(t, `^pool-`+(*pool.ID)[:5]+`-[a-z0-9]{5}$`, *m.Name)
			assert.Equal(t, *pool.ID, m.Manager.ID)
			assert.NotNil(t, m.PublicIPAddress)
		}
		require.NoError(t, client.WaitInstancePoolConverged(t.Context(), zone, *pool.ID))
	})
}

func TestScaleInTakesTheOldestMembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := start(t, exoapi.Config{})
		pool := newPool(t, client, 3)
		before := *pool.InstanceIDs
		require.NoError(t, client.ScaleInstancePool(t.Context(), zone, pool, 1))
		pool, err := client.GetInstancePool(t.Context(), zone, *pool.ID)
		require.NoError(t, err)
		assert.Equal(t, before[2:], *pool.InstanceIDs)
		assert.EqualValues(t, 1, *pool.Size)
		assert.Len(t, instancesOf(t, client, *pool.ID), 1, "destroyed members are gone once the operation is done")
	})
}

func TestPoolShowsItsTransitions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		pool := newPool(t, client, 1)
		path := "/v2/instance-pool/" + *pool.ID
		states := func() (state string, size any, members []string) {
			p := call(t, cloud, http.MethodGet, path, "").body
			for _, i := range instancesOf(t, client, *pool.ID) {
				members = append(members, *i.State)
			}
			assert.Len(t, p["instances"], len(members)-count(members, "destroying"), "only those that stay")
			return p["state"].(string), p["size"], members
		}

		op := call(t, cloud, http.MethodPut, path+":scale", `{"size":2}`)
		assert.Equal(t, "pending", op.body["state"])
		assert.Equal(t, map[string]any{
			"id": *pool.ID, "link": path, "command": "get-instance-pool",
		}, op.body["reference"])
		state, size, members := states()
		assert.Equal(t, "scaling-up", state)
		assert.EqualValues(t, 2, size)
		assert.Equal(t, []string{"running", "starting"}, members)

		time.Sleep(15 * time.Second)
		state, _, members = states()
		assert.Equal(t, "running", state)
		assert.Equal(t, []string{"running", "running"}, members)
		done := call(t, cloud, http.MethodGet, "/v2/operation/"+op.body["id"].(string), "")
		assert.Equal(t, "success", done.body["state"])

		call(t, cloud, http.MethodPut, path+":scale", `{"size":1}`)
		state, size, members = states()
		assert.Equal(t, "scaling-down", state)
		assert.EqualValues(t, 1, size)
		assert.Equal(t, []string{"destroying", "running"}, members)

		time.Sleep(5 * time.Second)
		state, _, members = states()
		assert.Equal(t, "running", state)
		assert.Equal(t, []string{"running"}, members)
	})
}

func count(states []string, wanted string) (n int) {
	for _, s := range states {
		if s == wanted {
			n++
		}
	}
	return n
}

func TestEvictDestroysExactlyTheNamedMembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := start(t, exoapi.Config{})
		pool := newPool(t, client, 3)
		before := *pool.InstanceIDs
		require.NoError(t, client.EvictInstancePoolMembers(t.Context(), zone, pool, before[1:2]))
		pool, err := client.GetInstancePool(t.Context(), zone, *pool.ID)
		require.NoError(t, err)
		assert.Equal(t, []string{before[0], before[2]}, *pool.InstanceIDs)
		assert.EqualValues(t, 2, *pool.Size)

		err = client.EvictInstancePoolMembers(t.Context(), zone, pool, []string{unknownID})
		require.ErrorIs(t, err, api.ErrNotFound)
	})
}

func TestDeletedMemberIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := start(t, exoapi.Config{})
		pool := newPool(t, client, 2)
		before := *pool.InstanceIDs
		for _, id := range before {
			require.NoError(t, client.DeleteInstance(t.Context(), zone, &egoscale.Instance{ID: &id}))
		}
		time.Sleep(time.Minute)
		pool, err := client.GetInstancePool(t.Context(), zone, *pool.ID)
		require.NoError(t, err)
		assert.EqualValues(t, 2, *pool.Size)
		assert.Len(t, *pool.InstanceIDs, 2)
		assert.NotSubset(t, before, *pool.InstanceIDs)
		assert.Equal(t, "running", *pool.State)
	})
}

func TestMembersLostWhileTheQuotaIsUsedUpAreReplacedLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		pool := newPool(t, client, 1)
		_, err := cloud.Faults().Add(exoapi.Fault{Name: exoapi.FaultQuotaReached, Count: 1})
		require.NoError(t, err)
		id := (*pool.InstanceIDs)[0]
		require.NoError(t, client.DeleteInstance(t.Context(), zone, &egoscale.Instance{ID: &id}))
		assert.Empty(t, instancesOf(t, client, *pool.ID))
		time.Sleep(time.Minute)
		assert.Len(t, instancesOf(t, client, *pool.ID), 1)
	})
}

func TestPoolUpdateKeepsWhatIsAbsentAndClearsWhatIsNull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		group, err := client.CreateSecurityGroup(t.Context(), zone, &egoscale.SecurityGroup{Name: new("g")})
		require.NoError(t, err)
		_, err = client.RegisterSSHKey(t.Context(), zone, "k1", publicKey)
		require.NoError(t, err)
		wanted := wantedPool(t, client, 1)
		wanted.SecurityGroupIDs = &[]string{*group.ID}
		wanted.SSHKey = new("k1")
		wanted.UserData = new("I2Nsb3VkLWNvbmZpZwo=")
		wanted.Description = new("d")
		wanted.Labels = &map[string]string{"a": "b"}
		pool, err := client.CreateInstancePool(t.Context(), zone, wanted)
		require.NoError(t, err)
		path := "/v2/instance-pool/" + *pool.ID
		put := func(body string) map[string]any {
			op := call(t, cloud, http.MethodPut, path, body)
			require.Equal(t, 200, op.status, op.message())
			assert.Equal(t, "updating", call(t, cloud, http.MethodGet, path, "").body["state"])
			time.Sleep(10 * time.Second)
			return call(t, cloud, http.MethodGet, path, "").body
		}

		kept := put(`{"name":"new"}`)
		assert.Equal(t, "new", kept["name"])
		assert.Equal(t, "running", kept["state"])
		assert.Equal(t, "d", kept["description"])
		assert.Equal(t, "I2Nsb3VkLWNvbmZpZwo=", kept["user-data"])
		assert.Equal(t, map[string]any{"a": "b"}, kept["labels"])
		assert.Equal(t, map[string]any{"name": "k1"}, kept["ssh-key"])

		// What egoscale v3 sends when only the description changes.
		kept = put(`{"anti-affinity-groups":null,"deploy-target":null,"description":"d2","elastic-ips":[],` +
			`"private-networks":[],"security-groups":[{"id":"` + *group.ID + `","name":"g"}],` +
			`"ssh-key":{"name":"k1"},"ssh-keys":null,"instance-type":{"id":"` + smallID + `","cpus":2}}`)
		assert.Equal(t, "d2", kept["description"])
		assert.Equal(t, []any{map[string]any{"id": *group.ID}}, kept["security-groups"])
		assert.Equal(t, map[string]any{"name": "k1"}, kept["ssh-key"])
		assert.Equal(t, map[string]any{"id": smallID}, kept["instance-type"])
		members := instancesOf(t, client, *pool.ID)
		assert.Equal(t, microID, *members[0].InstanceTypeID, "members keep what they were made from")

		cleared := put(`{"security-groups":null,"ssh-key":{},"ssh-keys":null,"user-data":null,"labels":{}}`)
		assert.Empty(t, cleared["security-groups"])
		assert.Empty(t, cleared["labels"])
		assert.NotContains(t, cleared, "ssh-key")
		assert.NotContains(t, cleared, "user-data")
		assert.Equal(t, "d2", cleared["description"])

		for _, field := range []string{
			"description", "labels", "security-groups", "anti-affinity-groups", "ssh-key", "user-data",
			"ipv6-enabled", "elastic-ips", "private-networks", "deploy-target",
		} {
			assert.Equal(t, 200, call(t, cloud, http.MethodDelete, path+"/"+field, "").status, field)
		}
		assert.NotContains(t, call(t, cloud, http.MethodGet, path, "").body, "description")
	})
}

func TestPoolWithIPv6IsDual(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		path := "/v2/instance-pool/" + *newPool(t, client, 1).ID
		for _, step := range []struct{ method, path, body, want string }{
			{http.MethodPut, path, `{"ipv6-enabled":true}`, "dual"},
			{http.MethodPut, path, `{"description":"d"}`, "dual"},
			{http.MethodPut, path, `{"ipv6-enabled":false}`, "inet4"},
			{http.MethodPut, path, `{"public-ip-assignment":"dual","ipv6-enabled":false}`, "dual"},
			{http.MethodDelete, path + "/ipv6-enabled", "", "inet4"},
		} {
			require.Equal(t, 200, call(t, cloud, step.method, step.path, step.body).status)
			got := call(t, cloud, http.MethodGet, path, "").body
			assert.Equal(t, step.want, got["public-ip-assignment"], step.body)
			assert.Equal(t, step.want == "dual", got["ipv6-enabled"], step.body)
		}
	})
}

func TestPoolUpdateThroughTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := start(t, exoapi.Config{})
		pool := newPool(t, client, 1)
		require.NoError(t, client.UpdateInstancePool(t.Context(), zone, &egoscale.InstancePool{
			ID: pool.ID, Description: new("d"), InstancePrefix: new("web"), InstanceTypeID: new(smallID),
		}))
		require.NoError(t, client.ScaleInstancePool(t.Context(), zone, pool, 2))
		pool, err := client.FindInstancePool(t.Context(), zone, "web")
		require.NoError(t, err)
		assert.Equal(t, "d", *pool.Description)
		members := instancesOf(t, client, *pool.ID)
		assert.Equal(t, microID, *members[0].InstanceTypeID)
		assert.Equal(t, smallID, *members[1].InstanceTypeID)
		assert.Regexp(t, "^web-", *members[1].Name)
	})
}

func TestPoolRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{Quotas: map[string]int{"instance": 3}})
		pool := newPool(t, client, 2)
		path := "/v2/instance-pool/" + *pool.ID
		require.Equal(t, 200, call(t, cloud, http.MethodPut, path, `{"min-available":1}`).status)
		time.Sleep(time.Minute)
		refuse := func(status int, method, path, body, message string) {
			t.Helper()
			got := call(t, cloud, method, path, body)
			assert.Equal(t, status, got.status, body)
			assert.Contains(t, got.message(), message)
		}
		refuse(400, http.MethodPut, path+":scale", `{"size":0}`, "min-available")
		refuse(400, http.MethodPut, path+":scale", `{"size":-1}`, "size must be between")
		refuse(400, http.MethodPut, path+":scale", `{"size":1.5}`, "size must be an integer")
		refuse(400, http.MethodPut, path+":scale", `{}`, "size is required")
		refuse(400, http.MethodPut, path+":scale", `[]`, "not a JSON object")
		refuse(403, http.MethodPut, path+":scale", `{"size":4}`, "quota of resource instance reached: 2 of 3 used, 2 more")
		refuse(400, http.MethodPut, path+":evict", `{"instances":["x"]}`, "UUID")
		refuse(400, http.MethodPut, path, `{"min-available":3}`, "above size")
		refuse(404, http.MethodPut, path, `{"template":{"id":"`+unknownID+`"}}`, "template "+unknownID)
		refuse(400, http.MethodPut, "/v2/instance-pool/x:scale", `{"size":1}`, "UUID")
		refuse(404, http.MethodPut, "/v2/instance-pool/"+unknownID+":scale", `{"size":1}`, "not found")
		members := *pool.InstanceIDs
		refuse(400, http.MethodPut, path+":evict", `{"instances":["`+members[0]+`","`+members[1]+`"]}`, "min-available")
		refuse(400, http.MethodDelete, path+"/name", "", "cannot be reset")

		require.Equal(t, 200, call(t, cloud, http.MethodPut, path+":scale", `{"size":3}`).status)
		refuse(409, http.MethodPut, path+":scale", `{"size":2}`, "is scaling-up")
	})
}

func TestPoolIsDeletedWithItsMembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		pool := newPool(t, client, 2)
		require.NoError(t, client.DeleteInstancePool(t.Context(), zone, pool))
		_, err := client.GetInstancePool(t.Context(), zone, *pool.ID)
		require.ErrorIs(t, err, api.ErrNotFound)
		assert.Empty(t, cloud.Instances())
	})
}

func TestPoolMayBeDeletedWhileItScales(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		pool := newPool(t, client, 1)
		path := "/v2/instance-pool/" + *pool.ID
		scale := call(t, cloud, http.MethodPut, path+":scale", `{"size":2}`)
		require.NoError(t, client.DeleteInstancePool(t.Context(), zone, pool))
		assert.Empty(t, cloud.Pools())
		op := call(t, cloud, http.MethodGet, "/v2/operation/"+scale.body["id"].(string), "")
		assert.Equal(t, "failure", op.body["state"])
		assert.Equal(t, "interrupted", op.body["reason"])
	})
}

func TestPoolChangedByAnotherClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		pool := newPool(t, client, 1)
		require.NoError(t, cloud.SetPoolSize(*pool.ID, 2))
		assert.Equal(t, "scaling-up", cloud.Pools()[0].State)
		time.Sleep(time.Minute)
		assert.Len(t, cloud.Pools()[0].Members, 2)

		require.NoError(t, cloud.SetPoolState(*pool.ID, "degraded"))
		require.ErrorContains(t, client.ScaleInstancePool(t.Context(), zone, pool, 3), "is degraded")
		time.Sleep(time.Hour)
		assert.Equal(t, "degraded", cloud.Pools()[0].State)
		require.NoError(t, cloud.SetPoolState(*pool.ID, "running"))
		require.NoError(t, client.ScaleInstancePool(t.Context(), zone, pool, 3))

		require.Error(t, cloud.SetPoolSize(unknownID, 1))
		require.Error(t, cloud.SetPoolSize(*pool.ID, 1000))
		require.Error(t, cloud.SetPoolState(unknownID, "running"))
	})
}
