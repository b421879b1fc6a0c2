package exoscale_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/exoscale"
	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/sweep"
)

type object = map[string]any

// createAll creates one resource of every kind in an account.
func createAll(t *testing.T, cloud *exoapi.Cloud) {
	t.Helper()
	create := func(path string, body object) (id string) {
		id, err := cloud.Do(t.Context(), http.MethodPost, path, body)
		require.NoError(t, err)
		return id
	}
	members := create("/v2/security-group", object{"name": "web-members"})
	monitoring := create("/v2/security-group", object{"name": "web-monitoring"})
	create("/v2/security-group/"+members+"/rules", object{
		"flow-direction": "ingress", "protocol": "tcp", "start-port": 9100, "end-port": 9100, "security-group": object{"id": monitoring},
	})
	create("/v2/security-group/"+monitoring+"/rules", object{
		"flow-direction": "ingress", "protocol": "tcp", "start-port": 22, "end-port": 23, "network": "0.0.0.0/0",
	})
	_, err := cloud.Do(t.Context(), http.MethodPost, "/v2/ssh-key", object{"name": "web-deploy", "public-key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"})
	require.NoError(t, err)
	role := create("/v2/iam-role", object{"name": "web-autoscaler"})
	require.NoError(t, cloud.Call(t.Context(), http.MethodPost, "/v2/api-key", object{"name": "web-autoscaler", "role-id": role}, nil))

	pool := newPool(t, cloud, "web-members", 2)
	nlb := create("/v2/load-balancer", object{"name": "web-application"})
	create("/v2/load-balancer/"+nlb+"/service", object{
		"name": "http", "instance-pool": object{"id": pool}, "port": 80, "target-port": 8080, "protocol": "tcp", "strategy": "round-robin",
		"healthcheck": object{"mode": "http", "port": 8080, "uri": "/health", "interval": 10, "timeout": 5, "retries": 1},
	})
	var template struct{ Templates []struct{ ID string } }
	require.NoError(t, cloud.Call(t.Context(), http.MethodGet, "/v2/template", nil, &template))
	create("/v2/instance", object{
		"name": "web-monitoring", "disk-size": 10, "instance-type": object{"id": microType}, "template": object{"id": template.Templates[0].ID},
		"security-groups": []object{{"id": monitoring}},
	})
}

func TestAccountIsEmptiedBySweeping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := emulator(t, exoapi.Config{})
		createAll(t, cloud)
		var found []string
		s := &sweep.Sweeper{Account: client.Account(), Name: "web"}
		left, err := s.Find(t.Context())
		require.NoError(t, err)
		for _, resource := range left {
			found = append(found, resource.String())
		}
		assert.Equal(t, []string{
			"load balancer web-application",
			"instance web-monitoring",
			"instance pool web-members",
			`security group rule "ingress tcp 9100 from web-monitoring" of web-members`,
			`security group rule "ingress tcp 22-23 from 0.0.0.0/0" of web-monitoring`,
			"security group web-members",
			"security group web-monitoring",
			"SSH key web-deploy",
			"API key web-autoscaler",
			"IAM role web-autoscaler",
		}, found)
		require.NoError(t, s.Remove(t.Context(), left))
		assert.Empty(t, cloud.Instances(), "members go with their pool")

		groups, err := client.Account().List(t.Context(), sweep.SecurityGroup)
		require.NoError(t, err)
		assert.Len(t, groups, 1, "the one that every organization has")
		keys, err := client.Account().List(t.Context(), sweep.APIKey)
		require.NoError(t, err)
		assert.Empty(t, keys, "the key that calls is not listed")
	})
}

func TestPartsAreDeletedAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := emulator(t, exoapi.Config{})
		createAll(t, cloud)
		services, err := client.Account().List(t.Context(), sweep.LoadBalancerService)
		require.NoError(t, err)
		require.Len(t, services, 1)
		assert.Equal(t, `load balancer service "http" of web-application`, services[0].String())
		require.NoError(t, client.Account().Delete(t.Context(), services[0]))
		assert.Empty(t, cloud.Balancers()[0].Services)
		require.NoError(t, client.Account().Delete(t.Context(), services[0]), "gone is gone")
	})
}

func TestResourcesInUseAreBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := emulator(t, exoapi.Config{})
		createAll(t, cloud)
		roles, err := client.Account().List(t.Context(), sweep.Role)
		require.NoError(t, err)
		for _, role := range roles {
			if role.Name == "web-autoscaler" {
				err := client.Account().Delete(t.Context(), role)
				require.ErrorIs(t, err, sweep.ErrBusy)
				assert.ErrorContains(t, err, "in use")
			}
		}
	})
}

func TestDamagedAnswersAreNotEmptyAccounts(t *testing.T) {
	fields := map[string][]sweep.Kind{
		"load-balancer":  {sweep.LoadBalancerService, sweep.LoadBalancer},
		"instance":       {sweep.Instance},
		"instance-pool":  {sweep.InstancePool},
		"security-group": {sweep.SecurityGroupRule, sweep.SecurityGroup},
		"ssh-key":        {sweep.SSHKey},
		"api-key":        {sweep.APIKey},
		"iam-role":       {sweep.Role},
	}
	for path, kinds := range fields {
		for _, kind := range kinds {
			t.Run(kind.String(), func(t *testing.T) {
				transport := httpmock.NewMockTransport()
				transport.RegisterResponder(http.MethodGet, base+"/"+path, faulty(
					reply(http.StatusOK, `{}`),
					reply(http.StatusOK, fmt.Sprintf(`{"%ss":[{},{"services":[{}],"rules":[{}]}]}`, path)),
					reply(http.StatusForbidden, `{"message":"no"}`),
				))
				account := newClient(t, transport).Account()
				_, err := account.List(t.Context(), kind)
				require.ErrorContains(t, err, path+"s is missing")
				found, err := account.List(t.Context(), kind)
				require.NoError(t, err)
				assert.Empty(t, found, "what has no id cannot be deleted")
				_, err = account.List(t.Context(), kind)
				require.ErrorIs(t, err, exoscale.ErrUnauthorized)
			})
		}
	}
}

func TestUnknownKindsAreRefused(t *testing.T) {
	account := newClient(t, httpmock.NewMockTransport()).Account()
	_, err := account.List(t.Context(), sweep.Kind(99))
	require.ErrorContains(t, err, "kind 99")
	require.ErrorContains(t, account.Delete(t.Context(), sweep.Resource{Kind: 99}), "kind 99")
}

func TestResourceKindsAreThoseOfTerraformsProvider(t *testing.T) {
	t.Parallel()
	for terraformType, want := range map[string]sweep.Kind{
		"exoscale_nlb":              sweep.LoadBalancer,
		"exoscale_compute_instance": sweep.Instance,
		"exoscale_instance_pool":    sweep.InstancePool,
		"exoscale_security_group":   sweep.SecurityGroup,
		"exoscale_iam_api_key":      sweep.APIKey,
		"exoscale_iam_role":         sweep.Role,
		"exoscale_ssh_key":          sweep.Other,
		"exoscale_database":         sweep.Other,
	} {
		kind, ok := exoscale.ResourceKind(terraformType)
		assert.True(t, ok, terraformType)
		assert.Equal(t, want, kind, terraformType)
	}
	for _, other := range []string{"aws_instance", "nlb", "tls_private_key", ""} {
		_, ok := exoscale.ResourceKind(other)
		assert.False(t, ok, other)
	}
}
