package exoapi_test

import (
	"maps"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

func TestInventoryOfANewCloudIsEmpty(t *testing.T) {
	assert.Empty(t, newCloud(t, exoapi.Config{}).Inventory())
}

func TestInventoryListsWhatUsersMadeUntilItIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		made := map[string]string{}
		do := func(path string, body any) string {
			id, err := cloud.Do(t.Context(), http.MethodPost, "/v2/"+path, body)
			require.NoError(t, err)
			return id
		}
		template := ref{"id": *templateID(t, client)}
		for kind, body := range map[string]ref{
			"ssh-key":             {"name": "x", "public-key": publicKey},
			"security-group":      {"name": "x"},
			"anti-affinity-group": {"name": "x"},
			"iam-role":            {"name": "x"},
			"load-balancer":       {"name": "x"},
			"instance":            {"name": "x", "disk-size": 10, "instance-type": ref{"id": microID}, "template": template},
			"instance-pool":       {"name": "x", "size": 1, "disk-size": 10, "instance-type": ref{"id": microID}, "template": template},
		} {
			made[kind] = do(kind, body)
		}
		rule := ref{"flow-direction": "ingress", "protocol": "esp", "network": "0.0.0.0/0"}
		do("security-group/"+made["security-group"]+"/rules", rule)
		do("load-balancer/"+made["load-balancer"]+"/service", ref{
			"name": "x", "instance-pool": ref{"id": made["instance-pool"]}, "protocol": "tcp", "strategy": "round-robin",
			"port": 80, "target-port": 80, "healthcheck": ref{"mode": "tcp", "port": 80},
		})
		var key struct{ Key string }
		require.NoError(t, cloud.Call(t.Context(), http.MethodPost, "/v2/api-key", ref{"name": "x", "role-id": made["iam-role"]}, &key))
		made["api-key"] = key.Key
		made["ssh-key"] = "x"

		inventory := cloud.Inventory()
		assert.ElementsMatch(t, append(slices.Collect(maps.Keys(made)), "rule", "service"), slices.Collect(maps.Keys(inventory)))
		assert.Len(t, inventory["instance"], 2, "members count, too")
		assert.Equal(t, []string{"x " + made["iam-role"]}, inventory["iam-role"])

		for _, kind := range []string{
			"load-balancer", "instance-pool", "instance", "anti-affinity-group", "security-group", "ssh-key", "api-key", "iam-role",
		} {
			_, err := cloud.Do(t.Context(), http.MethodDelete, "/v2/"+kind+"/"+made[kind], nil)
			require.NoError(t, err, kind)
		}
		assert.Empty(t, cloud.Inventory())
	})
}

func TestInventoryListsWhatIsBelowOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		domain := newDomain(t, client, "example.com")
		record := newRecord(t, client, *domain.ID, "www", "A", "192.0.2.1")
		top := newRecord(t, client, *domain.ID, "", "A", "192.0.2.1")
		cluster := newCluster(t, client)
		nodepool := newNodepool(t, client, cluster, 1)
		inventory := cloud.Inventory()
		assert.Equal(t, []string{"example.com " + *top.ID, "www.example.com " + *record.ID}, inventory["record"])
		assert.Equal(t, []string{"ci " + *nodepool.ID}, inventory["nodepool"])
		require.NoError(t, client.DeleteSKSNodepool(t.Context(), zone, cluster, nodepool))
		require.NoError(t, client.DeleteDNSDomain(t.Context(), zone, domain))
		assert.Equal(t, map[string][]string{"sks-cluster": {"prod " + *cluster.ID}}, cloud.Inventory())
	})
}

func TestInventoryShowsWhatWasLeftInStandardThings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		groups, err := client.ListSecurityGroups(t.Context(), zone)
		require.NoError(t, err)
		path := "/v2/security-group/" + *groups[0].ID
		_, err = cloud.Do(t.Context(), http.MethodPost, path+"/rules", ref{"flow-direction": "egress", "protocol": "ah", "network": "::/0"})
		require.NoError(t, err)
		_, err = cloud.Do(t.Context(), http.MethodPut, path+":add-source", ref{"cidr": "192.0.2.0/24"})
		require.NoError(t, err)
		require.NoError(t, client.UpdateIAMOrgPolicy(t.Context(), zone, rules()))
		inventory := cloud.Inventory()
		assert.Len(t, inventory["rule"], 1)
		assert.Equal(t, []string{"default 192.0.2.0/24"}, inventory["external-source"])
		assert.Len(t, inventory["iam-organization-policy"], 1)
		assert.Len(t, inventory, 3)
	})
}
