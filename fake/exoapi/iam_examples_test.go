package exoapi_test

import (
	"net/http"
	"testing"
	"testing/synctest"

	egoscale "github.com/exoscale/egoscale/v2"
	"github.com/exoscale/egoscale/v2/api"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

// The policies that the Terraform provider and the policy guide give as examples.
func TestDocumentedExamplesOfPolicies(t *testing.T) {
	t.Run("instances without a public address", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			cloud, _ := start(t, exoapi.Config{})
			client := restricted(t, cloud, rules(
				[2]string{"deny", "operation == 'create-instance' && " +
					"(!parameters.has('public_ip_assignment') || parameters.public_ip_assignment != 'none')"},
				[2]string{"allow", "true"},
			))
			wanted := &egoscale.Instance{
				Name: new("i"), DiskSize: new(int64(10)), InstanceTypeID: new(microID), TemplateID: templateID(t, client),
			}
			_, err := client.CreateInstance(t.Context(), zone, wanted)
			decided(t, false, err, "compute")
			wanted.PublicIPAssignment = new("inet4")
			_, err = client.CreateInstance(t.Context(), zone, wanted)
			decided(t, false, err, "compute")
			wanted.PublicIPAssignment = new("none")
			_, err = client.CreateInstance(t.Context(), zone, wanted)
			decided(t, true, err, "compute")
		})
	})
	t.Run("of services that are not emulated", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			_, owner := start(t, exoapi.Config{})
			for service, expression := range map[string]string{
				"sos":     "!(parameters.bucket in ['my-test-bucket', 'my-other-bucket'])",
				"dbaas":   "resources.dbaas_service.name != 'my-dbaas-instance'",
				"compute": "resource.sks_nodepool.name in ['important-nodepool', 'foobar']",
			} {
				policy := rules([2]string{"deny", expression}, [2]string{"allow", "true"})
				policy.Services = map[string]egoscale.IAMPolicyService{service: policy.Services["compute"]}
				_, err := owner.CreateIAMRole(t.Context(), zone, &egoscale.IAMRole{Name: new(service), Policy: policy})
				require.NoError(t, err, expression)
			}
		})
	})
	t.Run("node pools that must stay", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			cloud, owner := start(t, exoapi.Config{})
			client := restricted(t, cloud, rules(
				[2]string{"deny", "resource.sks_nodepool.name in ['important-nodepool', 'foobar'] || resource.sks_cluster.name == 'x'"},
				[2]string{"allow", "true"},
			))
			cluster := newCluster(t, owner)
			nodepool := newNodepool(t, owner, cluster, 1)
			require.NoError(t, client.ScaleSKSNodepool(t.Context(), zone, cluster, nodepool, 2))
			nodepool.Name = new("important-nodepool")
			require.NoError(t, client.UpdateSKSNodepool(t.Context(), zone, cluster, nodepool))
			decided(t, false, client.ScaleSKSNodepool(t.Context(), zone, cluster, nodepool, 1), "compute")
			decided(t, false, client.DeleteSKSNodepool(t.Context(), zone, cluster, nodepool), "compute")
		})
	})
	t.Run("an instance, by whatever path", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			cloud, owner := start(t, exoapi.Config{})
			role := newRole(t, owner, "r", rules([2]string{"deny", "resource.instance.name == 'monitor'"}, [2]string{"allow", "true"}))
			key, secret := newKey(t, owner, role)
			signer, err := api.NewSecurityProvider(*key.Key, secret)
			require.NoError(t, err)
			id := *newInstance(t, owner).ID
			for _, path := range []string{"instance/", "console/", "reverse-dns/instance/"} {
				got := call(t, cloud, http.MethodGet, "/v2/"+path+id, "", func(req *http.Request) {
					assert.NoError(t, signer.Intercept(req.Context(), req))
				})
				assert.Equal(t, http.StatusForbidden, got.status, "%s: %s", path, got.message())
			}
		})
	})
	t.Run("a rule about what a call does not have is passed over", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			cloud, _ := start(t, exoapi.Config{})
			client := restricted(t, cloud, rules(
				[2]string{"deny", "resource.sks_nodepool.name in ['important-nodepool', 'foobar']"}, [2]string{"allow", "true"},
			))
			_, err := client.ListInstances(t.Context(), zone)
			decided(t, true, err, "compute")
		})
	})
}
