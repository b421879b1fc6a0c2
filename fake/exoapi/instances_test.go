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

func newInstance(tb testing.TB, client *egoscale.Client, edit ...func(*egoscale.Instance)) *egoscale.Instance {
	tb.Helper()
	wanted := &egoscale.Instance{
		Name:           new("monitor"),
		DiskSize:       new(int64(10)),
		InstanceTypeID: new(microID),
		TemplateID:     templateID(tb, client),
	}
	for _, change := range edit {
		change(wanted)
	}
	created, err := client.CreateInstance(tb.Context(), zone, wanted)
	require.NoError(tb, err)
	return created
}

func TestInstanceHasWhatWasAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := start(t, exoapi.Config{})
		_, err := client.RegisterSSHKey(t.Context(), zone, "k1", publicKey)
		require.NoError(t, err)
		group, err := client.CreateSecurityGroup(t.Context(), zone, &egoscale.SecurityGroup{Name: new("g")})
		require.NoError(t, err)
		spread, err := client.CreateAntiAffinityGroup(t.Context(), zone, &egoscale.AntiAffinityGroup{Name: new("a")})
		require.NoError(t, err)
		i := newInstance(t, client, func(i *egoscale.Instance) {
			i.SSHKey = new("k1")
			i.SecurityGroupIDs = &[]string{*group.ID}
			i.AntiAffinityGroupIDs = &[]string{*spread.ID}
			i.UserData = new("I2Nsb3VkLWNvbmZpZwo=")
			i.Labels = &map[string]string{"role": "monitor"}
			i.PublicIPAssignment = new("dual")
		})
		assert.Equal(t, "running", *i.State)
		assert.Equal(t, "monitor", *i.Name)
		assert.Equal(t, microID, *i.InstanceTypeID)
		assert.EqualValues(t, 10, *i.DiskSize)
		assert.Equal(t, "k1", *i.SSHKey)
		assert.Equal(t, []string{*group.ID}, *i.SecurityGroupIDs)
		assert.Equal(t, []string{*spread.ID}, *i.AntiAffinityGroupIDs)
		assert.Equal(t, "I2Nsb3VkLWNvbmZpZwo=", *i.UserData)
		assert.Equal(t, map[string]string{"role": "monitor"}, *i.Labels)
		assert.NotNil(t, i.PublicIPAddress.To4())
		assert.NotNil(t, i.IPv6Address)
		assert.Nil(t, i.Manager)

		spread, err = client.GetAntiAffinityGroup(t.Context(), zone, *spread.ID)
		require.NoError(t, err)
		assert.Equal(t, []string{*i.ID}, *spread.InstanceIDs)
	})
}

func TestListsShowEveryChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		_, err := client.RegisterSSHKey(t.Context(), zone, "k1", publicKey)
		require.NoError(t, err)
		group := call(t, cloud, http.MethodPost, "/v2/security-group", `{"name":"g"}`).body["reference"].(map[string]any)
		i := newInstance(t, client)
		path := "/v2/instance/" + *i.ID
		same := func() {
			t.Helper()
			single := call(t, cloud, http.MethodGet, path, "").body
			listed := call(t, cloud, http.MethodGet, "/v2/instance", "").body["instances"].([]any)[0].(map[string]any)
			for field, value := range listed {
				assert.Equal(t, single[field], value, field)
			}
		}
		same()
		groupPath := "/v2/security-group/" + group["id"].(string)
		for _, change := range [][3]string{
			{http.MethodPut, path, `{"name":"n2","labels":{"a":"b"}}`},
			{http.MethodPut, path, `{"public-ip-assignment":"dual"}`},
			{http.MethodDelete, path + "/labels", ""},
			{http.MethodPut, groupPath + ":attach", `{"instance":{"id":"` + *i.ID + `"}}`},
			{http.MethodPut, groupPath + ":detach", `{"instance":{"id":"` + *i.ID + `"}}`},
			{http.MethodPut, path + ":reboot", ""},
			{http.MethodPut, path + ":stop", ""},
			{http.MethodPut, path + ":reset", "{}"},
			{http.MethodPut, path + ":scale", `{"instance-type":{"id":"` + smallID + `"}}`},
			{http.MethodPut, path + ":start", ""},
			{http.MethodDelete, path, ""},
		} {
			got := call(t, cloud, change[0], change[1], change[2])
			require.Equal(t, 200, got.status, got.message())
			same()
			if change[0] != http.MethodDelete || change[1] != path {
				time.Sleep(time.Minute)
				same()
			}
		}
	})
}

func TestInstanceShowsWhatItRefersToByID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		i := newInstance(t, client)
		elastic, err := client.CreateElasticIP(t.Context(), zone, &egoscale.ElasticIP{})
		require.NoError(t, err)
		require.NoError(t, client.AttachInstanceToElasticIP(t.Context(), zone, i, elastic))
		single := call(t, cloud, http.MethodGet, "/v2/instance/"+*i.ID, "").body
		assert.Equal(t, map[string]any{"id": microID}, single["instance-type"])
		assert.Equal(t, map[string]any{"id": *i.TemplateID}, single["template"])
		assert.Equal(t, []any{map[string]any{"id": *elastic.ID, "ip": elastic.IPAddress.String()}}, single["elastic-ips"])
		assert.Equal(t, true, single["disk-encrypted"])
	})
}

func TestInstanceWithoutGroupsIsInTheDefaultGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		ctx := t.Context()
		standard, err := client.FindSecurityGroup(ctx, zone, "default")
		require.NoError(t, err)
		groups := func(id string) any {
			return call(t, cloud, http.MethodGet, "/v2/instance/"+id, "").body["security-groups"]
		}
		inDefault := []any{map[string]any{"id": *standard.ID}}
		i := newInstance(t, client)
		assert.Equal(t, inDefault, groups(*i.ID))
		pool := newPool(t, client, 1)
		assert.Equal(t, inDefault, groups((*pool.InstanceIDs)[0]), "members, too")
		require.NoError(t, client.DeleteInstancePool(ctx, zone, pool))
		require.NoError(t, client.DetachInstanceFromSecurityGroup(ctx, zone, i, standard))
		assert.Empty(t, groups(*i.ID), "it may leave")
		require.NoError(t, client.DeleteSecurityGroup(ctx, zone, standard))
		assert.Empty(t, groups(*newInstance(t, client).ID), "there is none any more")
	})
}

func TestInstanceWithoutPublicAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := start(t, exoapi.Config{})
		i := newInstance(t, client, func(i *egoscale.Instance) { i.PublicIPAssignment = new("none") })
		assert.Nil(t, i.PublicIPAddress)
	})
}

func TestInstanceListFilters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		own := newInstance(t, client, func(i *egoscale.Instance) { i.Labels = &map[string]string{"a": "b", "c": "d"} })
		pool := newPool(t, client, 2)
		ids := func(query string) (ids []string) {
			got := call(t, cloud, http.MethodGet, "/v2/instance"+query, "")
			require.Equal(t, 200, got.status, got.message())
			for _, i := range got.body["instances"].([]any) {
				ids = append(ids, i.(map[string]any)["id"].(string))
			}
			return ids
		}
		members := *pool.InstanceIDs
		assert.Equal(t, append([]string{*own.ID}, members...), ids(""))
		assert.Equal(t, members, ids("?manager-type=instance-pool"))
		assert.Equal(t, members, ids("?manager-id="+*pool.ID))
		assert.Empty(t, ids("?manager-id="+unknownID))
		for query, found := range map[string]bool{
			"a%3Db": true, "a%3Dc": false, "a%3Db+c%3Dd": true, "a%3Db+c%3De": false,
			"a%253Db%2Bc%253Dd": true, "a%253Dc": false, // escaped once more
			"%7B%22a%22%3A%22b%22%7D": true, "%257B%2522a%2522%253A%2522c%2522%257D": false, // JSON
		} {
			assert.Equal(t, found, len(ids("?labels="+query)) == 1, query)
		}
		assert.Equal(t, []string{*own.ID}, ids("?ip-address="+own.PublicIPAddress.String()))
		elastic, err := client.CreateElasticIP(t.Context(), zone, &egoscale.ElasticIP{})
		require.NoError(t, err)
		assert.Empty(t, ids("?ip-address="+elastic.IPAddress.String()))
		require.NoError(t, client.AttachInstanceToElasticIP(t.Context(), zone, own, elastic))
		assert.Equal(t, []string{*own.ID}, ids("?ip-address="+elastic.IPAddress.String()))
		for _, bad := range []string{"?manager-id=x", "?manager-type=sks-nodepool", "?labels=x", "?labels=%3Dx", "?labels=%7B%7D%7D"} {
			assert.Equal(t, 400, call(t, cloud, http.MethodGet, "/v2/instance"+bad, "").status, bad)
		}
		list, err := client.ListInstances(t.Context(), zone, egoscale.ListInstancesByIpAddress(own.PublicIPAddress.String()))
		require.NoError(t, err)
		assert.Len(t, list, 1)
	})
}

func TestInstanceLifecycle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		i := newInstance(t, client)
		ctx := t.Context()
		state := func() string { return cloud.Instances()[0].State }
		small := &egoscale.InstanceType{ID: new(smallID)}

		require.ErrorContains(t, client.ScaleInstance(ctx, zone, i, small), "is running, not stopped")
		require.ErrorContains(t, client.ResizeInstanceDisk(ctx, zone, i, 20), "is running, not stopped")
		require.ErrorContains(t, client.StartInstance(ctx, zone, i), "is running, not stopped")
		require.NoError(t, client.RebootInstance(ctx, zone, i))
		assert.Equal(t, "running", state())
		require.NoError(t, client.StopInstance(ctx, zone, i))
		assert.Equal(t, "stopped", state())
		require.ErrorContains(t, client.StopInstance(ctx, zone, i), "is stopped, not running")
		require.NoError(t, client.ScaleInstance(ctx, zone, i, small))
		require.ErrorContains(t, client.ResizeInstanceDisk(ctx, zone, i, 9), "disk-size")
		require.NoError(t, client.ResizeInstanceDisk(ctx, zone, i, 20))
		require.ErrorContains(t, client.ResizeInstanceDisk(ctx, zone, i, 10), "cannot shrink")
		require.NoError(t, client.StartInstance(ctx, zone, i))
		got, err := client.GetInstance(ctx, zone, *i.ID)
		require.NoError(t, err)
		assert.Equal(t, smallID, *got.InstanceTypeID)
		assert.EqualValues(t, 20, *got.DiskSize)
		assert.Equal(t, "running", *got.State)

		require.NoError(t, client.UpdateInstance(ctx, zone, &egoscale.Instance{
			ID: i.ID, Name: new("renamed"), Labels: &map[string]string{"x": "y"},
		}))
		got, err = client.GetInstance(ctx, zone, *i.ID)
		require.NoError(t, err)
		assert.Equal(t, "renamed", *got.Name)

		require.NoError(t, client.DeleteInstance(ctx, zone, i))
		_, err = client.GetInstance(ctx, zone, *i.ID)
		require.ErrorIs(t, err, api.ErrNotFound)
	})
}

func TestInstanceShowsItsTransitions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		i := newInstance(t, client)
		path := "/v2/instance/" + *i.ID
		state := func() any { return call(t, cloud, http.MethodGet, path, "").body["state"] }
		call(t, cloud, http.MethodPut, path+":stop", "")
		assert.Equal(t, "stopping", state())
		time.Sleep(5 * time.Second)
		assert.Equal(t, "stopped", state())
		started := call(t, cloud, http.MethodPut, path+":start", "{}")
		assert.NotContains(t, started.body, "reference")
		assert.Equal(t, map[string]any{"id": *i.ID, "type": "instance"}, started.body["resource"])
		assert.Equal(t, "starting", state())
		call(t, cloud, http.MethodDelete, path, "")
		assert.Equal(t, "destroying", state())
		assert.Equal(t, 409, call(t, cloud, http.MethodPut, path+":stop", "").status)
		op := call(t, cloud, http.MethodGet, "/v2/operation/"+started.body["id"].(string), "")
		assert.Equal(t, "interrupted", op.body["reason"], "an operation that was overtaken fails")
		time.Sleep(5 * time.Second)
		assert.Equal(t, 404, call(t, cloud, http.MethodGet, path, "").status)
	})
}

func TestProtectedInstanceCannotBeDestroyed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		pool := newPool(t, client, 2)
		oldest := (*pool.InstanceIDs)[0]
		path := "/v2/instance/" + oldest
		require.Equal(t, 200, call(t, cloud, http.MethodPut, path+":add-protection", "").status)
		refused := call(t, cloud, http.MethodDelete, path, "")
		assert.Equal(t, 403, refused.status)
		assert.Equal(t, "Operation delete-instance on resource "+oldest+" is forbidden - reason: manual instance protection", refused.message())
		require.Error(t, client.EvictInstancePoolMembers(t.Context(), zone, pool, []string{oldest}))
		require.Error(t, client.DeleteInstancePool(t.Context(), zone, pool))
		require.NoError(t, client.ScaleInstancePool(t.Context(), zone, pool, 1))
		assert.Equal(t, []string{oldest}, cloud.Pools()[0].Members, "the oldest that is not protected went")
		require.Error(t, client.ScaleInstancePool(t.Context(), zone, pool, 0))
		require.Equal(t, 200, call(t, cloud, http.MethodPut, path+":remove-protection", "").status)
		require.NoError(t, client.DeleteInstancePool(t.Context(), zone, pool))
	})
}

func TestInstanceMayBeCreatedStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		body := `{"auto-start":false,"disk-size":10,"instance-type":{"id":"` + microID + `"},` +
			`"template":{"id":"` + *templateID(t, client) + `"}}`
		require.Equal(t, 200, call(t, cloud, http.MethodPost, "/v2/instance", body).status)
		time.Sleep(time.Minute)
		i := cloud.Instances()[0]
		assert.Equal(t, "stopped", i.State)
		assert.Equal(t, "VM-"+i.ID, i.Name)
	})
}

func TestReverseDNSIsNotFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := start(t, exoapi.Config{})
		i := newInstance(t, client)
		_, err := client.GetInstanceReverseDNS(t.Context(), zone, *i.ID)
		require.ErrorIs(t, err, api.ErrNotFound)
		require.ErrorIs(t, client.DeleteInstanceReverseDNS(t.Context(), zone, *i.ID), api.ErrNotFound)
	})
}

// The newer generation of the client sends null whenever it was given none.
func TestInstanceUpdateClearsLabelsThatAreNull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		path := "/v2/instance/" + *newInstance(t, client).ID
		update := func(body string) any {
			require.Equal(t, 200, call(t, cloud, http.MethodPut, path, body).status)
			return call(t, cloud, http.MethodGet, path, "").body["labels"]
		}
		require.NotEmpty(t, update(`{"labels":{"a":"b"}}`))
		assert.NotEmpty(t, update(`{"name":"renamed"}`), "absent labels stay")
		assert.Empty(t, update(`{"labels":null}`))
	})
}
