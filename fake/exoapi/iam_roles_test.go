package exoapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	egoscale "github.com/exoscale/egoscale/v2"
	"github.com/exoscale/egoscale/v2/api"
	egoscalev3 "github.com/exoscale/egoscale/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

// rules makes the policy of a role that may use compute by these rules only,
// each an action and an expression.
func rules(pairs ...[2]string) *egoscale.IAMPolicy {
	service := egoscale.IAMPolicyService{Type: new("rules")}
	for _, p := range pairs {
		service.Rules = append(service.Rules, egoscale.IAMPolicyServiceRule{Action: new(p[0]), Expression: new(p[1])})
	}
	return &egoscale.IAMPolicy{
		DefaultServiceStrategy: "deny", Services: map[string]egoscale.IAMPolicyService{"compute": service},
	}
}

func newRole(tb testing.TB, client *egoscale.Client, name string, policy *egoscale.IAMPolicy) *egoscale.IAMRole {
	tb.Helper()
	role, err := client.CreateIAMRole(tb.Context(), zone, &egoscale.IAMRole{Name: new(name), Policy: policy})
	require.NoError(tb, err)
	return role
}

func newKey(tb testing.TB, client *egoscale.Client, role *egoscale.IAMRole) (key *egoscale.APIKey, secret string) {
	tb.Helper()
	key, secret, err := client.CreateAPIKey(tb.Context(), zone, &egoscale.APIKey{Name: new("program"), RoleID: role.ID})
	require.NoError(tb, err)
	return key, secret
}

// restricted makes a client whose key has the policy.
func restricted(tb testing.TB, cloud *exoapi.Cloud, policy *egoscale.IAMPolicy) *egoscale.Client {
	tb.Helper()
	owner := newClient(tb, cloud)
	key, secret := newKey(tb, owner, newRole(tb, owner, "restricted", policy))
	return newClientWith(tb, cloud, *key.Key, secret)
}

func TestRoleIsKeptAsItWasGiven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := start(t, exoapi.Config{})
		ctx := t.Context()
		policy := rules([2]string{"allow", "operation in ['list-instances', 'get-operation']"})
		role, err := client.CreateIAMRole(ctx, zone, &egoscale.IAMRole{
			Name: new("reader"), Description: new("reads"), Editable: new(false), Policy: policy,
			Labels: map[string]string{"a": "b"}, Permissions: []string{"bypass-governance-retention"},
		})
		require.NoError(t, err)
		assert.Equal(t, policy, role.Policy)
		assert.Equal(t, "reads", *role.Description)
		assert.False(t, *role.Editable)
		assert.Equal(t, map[string]string{"a": "b"}, role.Labels)
		assert.Equal(t, []string{"bypass-governance-retention"}, role.Permissions)

		role.Description, role.Labels, role.Permissions = new("looks"), map[string]string{}, []string{}
		require.NoError(t, client.UpdateIAMRole(ctx, zone, role))
		updated, err := client.GetIAMRole(ctx, zone, *role.ID)
		require.NoError(t, err)
		assert.Equal(t, role, updated)
		require.ErrorContains(t, client.UpdateIAMRolePolicy(ctx, zone, role), "not editable")

		_, err = client.CreateIAMRole(ctx, zone, &egoscale.IAMRole{Name: new("reader")})
		require.ErrorContains(t, err, "already exists")
		require.NoError(t, client.DeleteIAMRole(ctx, zone, role))
		_, err = client.GetIAMRole(ctx, zone, *role.ID)
		require.ErrorIs(t, err, api.ErrNotFound)
	})
}

func TestRoleWithoutAPolicyMayDoEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := start(t, exoapi.Config{})
		role := newRole(t, client, "open", nil)
		assert.Equal(t, "allow", role.Policy.DefaultServiceStrategy)
		assert.Empty(t, role.Policy.Services)
		assert.True(t, *role.Editable)
	})
}

func TestOwnersRoleAndKeysCannotBeTouched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		roles, err := client.ListIAMRoles(t.Context(), zone)
		require.NoError(t, err)
		require.Len(t, roles, 1)
		require.ErrorContains(t, client.DeleteIAMRole(t.Context(), zone, roles[0]), "owner's")
		require.ErrorContains(t, client.UpdateIAMRolePolicy(t.Context(), zone, roles[0]), "owner's")
		key, _ := cloud.Credential()
		require.ErrorContains(t, client.DeleteAPIKey(t.Context(), zone, &egoscale.APIKey{Key: &key}), "belongs to the owner")
	})
}

func TestSecretOfAKeyIsSentOnceOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		key, secret := newKey(t, client, newRole(t, client, "r", nil))
		require.NotEmpty(t, secret)
		for _, path := range []string{"/v2/api-key", "/v2/api-key/" + *key.Key, "/v2/iam-role"} {
			text, err := json.Marshal(call(t, cloud, http.MethodGet, path, "").body)
			require.NoError(t, err)
			assert.NotContains(t, string(text), secret)
			assert.NotContains(t, string(text), "secret")
		}
		found, err := client.GetAPIKey(t.Context(), zone, *key.Key)
		require.NoError(t, err)
		assert.Equal(t, key, found)
	})
}

func TestKeySignsUntilItIsDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		role := newRole(t, client, "r", nil)
		key, secret := newKey(t, client, role)
		own := newClientWith(t, cloud, *key.Key, secret)
		_, err := own.ListInstances(t.Context(), zone)
		require.NoError(t, err)
		require.ErrorContains(t, client.DeleteIAMRole(t.Context(), zone, role), "in use by API key "+*key.Key)
		require.NoError(t, client.DeleteAPIKey(t.Context(), zone, key))
		_, err = own.ListInstances(t.Context(), zone)
		require.ErrorContains(t, err, "unknown API key")
		require.NoError(t, client.DeleteIAMRole(t.Context(), zone, role))
	})
}

func TestKeyNeedsARoleAndQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := start(t, exoapi.Config{Quotas: map[string]int{"iam-key": 2}})
		_, _, err := client.CreateAPIKey(t.Context(), zone, &egoscale.APIKey{Name: new("k"), RoleID: new(unknownID)})
		require.ErrorIs(t, err, api.ErrNotFound)
		role := newRole(t, client, "r", nil)
		newKey(t, client, role)
		_, _, err = client.CreateAPIKey(t.Context(), zone, &egoscale.APIKey{Name: new("k"), RoleID: role.ID})
		require.ErrorContains(t, err, "quota of resource iam-key reached")
	})
}

// TestPolicyDecides asks which of two calls a key with the policy may make.
func TestPolicyDecides(t *testing.T) {
	inList := "operation in ['list-instances', 'list-zones']"
	for name, tc := range map[string]struct {
		policy      string
		pools       bool // may list pools
		instances   bool // may list instances
		rolesListed bool
	}{
		"allow by default":         {`{"default-service-strategy":"allow","services":{}}`, true, true, true},
		"deny by default":          {`{"default-service-strategy":"deny","services":{}}`, false, false, false},
		"service allowed":          {`{"default-service-strategy":"deny","services":{"compute":{"type":"allow"}}}`, true, true, false},
		"service denied":           {`{"default-service-strategy":"allow","services":{"compute":{"type":"deny"}}}`, false, false, true},
		"another service allowed":  {`{"default-service-strategy":"deny","services":{"iam":{"type":"allow"}}}`, false, false, true},
		"rule allows":              {ruled("allow", inList), false, true, false},
		"no rule matches":          {ruled("deny", "false"), false, false, false},
		"no rules":                 {`{"default-service-strategy":"allow","services":{"compute":{"type":"rules"}}}`, false, false, true},
		"first rule wins":          {ruled("deny", "operation == 'list-instances'", "allow", "true"), true, false, false},
		"later rule is too late":   {ruled("allow", "true", "deny", "true"), true, true, false},
		"failing rule is no match": {ruled("deny", "parameters.nothing == 1", "allow", inList), false, true, false},
		"by service":               {ruled("allow", "service == 'compute' && operation.startsWith('list-')"), true, true, false},
		"by zone":                  {ruled("allow", "zone == 'de-fra-1'"), false, false, false},
		"by time":                  {ruled("allow", "timestamp(now) > timestamp('1999-12-31T00:00:00Z')"), true, true, false},
		"by a function":            {ruled("allow", "parameters.has('manager_type') && !resources.has('instance')"), false, true, false},
		"function of a text":       {ruled("allow", "parameters.manager_type.has('x')", "allow", inList), false, true, false},
		"by query":                 {ruled("allow", "has(parameters.manager_type) && parameters.manager_type == 'instance-pool'"), false, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud, owner := start(t, exoapi.Config{})
				created, err := cloud.Do(t.Context(), http.MethodPost, "/v2/iam-role", map[string]any{
					"name": "r", "policy": json.RawMessage(tc.policy),
				})
				require.NoError(t, err)
				key, secret := newKey(t, owner, &egoscale.IAMRole{ID: &created})
				client := newClientWith(t, cloud, *key.Key, secret)
				_, err = client.ListInstancePools(t.Context(), zone)
				decided(t, tc.pools, err, "compute")
				_, err = client.ListInstances(t.Context(), zone, egoscale.ListInstancesByManagerType("instance-pool"))
				decided(t, tc.instances, err, "compute")
				_, err = client.ListIAMRoles(t.Context(), zone)
				decided(t, tc.rolesListed, err, "iam")
				_, err = client.ListZones(t.Context())
				require.NoError(t, err, "zones are open to all")
			})
		})
	}
}

func ruled(pairs ...string) string {
	var list []string
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, `{"action":"`+pairs[i]+`","expression":"`+pairs[i+1]+`"}`)
	}
	return `{"default-service-strategy":"deny","services":{"compute":{"type":"rules","rules":[` + strings.Join(list, ",") + `]}}}`
}

func decided(t *testing.T, allowed bool, err error, service string) {
	t.Helper()
	if allowed {
		require.NoError(t, err)
		return
	}
	require.ErrorContains(t, err, "Forbidden by role policy for "+service)
}

func TestPolicySeesWhatTheCallIsAbout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, owner := start(t, exoapi.Config{})
		client := restricted(t, cloud, rules(
			[2]string{"allow", "operation == 'scale-instance-pool' && resources.instance_pool.name == 'web' && parameters.size <= 3"},
			[2]string{"allow", "operation == 'evict-instance-pool-members' && resource.instance_pool.id == parameters.id && size(parameters.instances) == 1"},
			[2]string{"allow", "operation in ['get-operation', 'get-instance-pool']"},
		))
		web := newPool(t, owner, 2)
		other := wantedPool(t, owner, 1)
		other.Name = new("other")
		other, err := owner.CreateInstancePool(t.Context(), zone, other)
		require.NoError(t, err)

		require.NoError(t, client.ScaleInstancePool(t.Context(), zone, web, 3))
		decided(t, false, client.ScaleInstancePool(t.Context(), zone, web, 4), "compute")
		decided(t, false, client.ScaleInstancePool(t.Context(), zone, other, 2), "compute")
		web, err = client.GetInstancePool(t.Context(), zone, *web.ID)
		require.NoError(t, err)
		decided(t, false, client.EvictInstancePoolMembers(t.Context(), zone, web, (*web.InstanceIDs)[:2]), "compute")
		require.NoError(t, client.EvictInstancePoolMembers(t.Context(), zone, web, (*web.InstanceIDs)[:1]))
	})
}

func TestPolicyKnowsWhatHasNoName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, owner := start(t, exoapi.Config{})
		ownerV3 := newClientV3(t, cloud, zone)
		mine, other := newVolume(t, ownerV3, ""), newVolume(t, ownerV3, "")
		key, secret := newKey(t, owner, newRole(t, owner, "one volume", rules(
			[2]string{"allow", "resources.block_storage.id == '" + mine.String() + "' && resources.block_storage.name == ''"},
		)))
		client := newClientV3With(t, cloud, zone, *key.Key, secret)
		for id, allowed := range map[egoscalev3.UUID]bool{mine: true, other: false, unknownID: false} {
			_, err := client.GetBlockStorageVolume(t.Context(), id)
			decided(t, allowed, err, "compute")
		}
	})
}

func TestRefusedCallChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, owner := start(t, exoapi.Config{})
		client := restricted(t, cloud, rules())
		pool := newPool(t, owner, 1)
		decided(t, false, client.DeleteInstancePool(t.Context(), zone, pool), "compute")
		assert.Equal(t, "running", cloud.Pools()[0].State)
	})
}

func TestChangedPolicyCountsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, owner := start(t, exoapi.Config{})
		role := newRole(t, owner, "r", rules())
		key, secret := newKey(t, owner, role)
		client := newClientWith(t, cloud, *key.Key, secret)
		_, err := client.ListInstances(t.Context(), zone)
		decided(t, false, err, "compute")
		role.Policy = rules([2]string{"allow", "operation == 'list-instances'"})
		require.NoError(t, owner.UpdateIAMRolePolicy(t.Context(), zone, role))
		_, err = client.ListInstances(t.Context(), zone)
		require.NoError(t, err)
	})
}

func TestOrganizationPolicyBindsAllButTheOwner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, owner := start(t, exoapi.Config{})
		client := restricted(t, cloud, nil)
		policy, err := owner.GetIAMOrgPolicy(t.Context(), zone)
		require.NoError(t, err)
		assert.Equal(t, "allow", policy.DefaultServiceStrategy)

		require.NoError(t, owner.UpdateIAMOrgPolicy(t.Context(), zone, rules()))
		_, err = client.ListInstances(t.Context(), zone)
		require.ErrorContains(t, err, "Forbidden by organization policy for compute")
		_, err = owner.ListInstances(t.Context(), zone)
		require.NoError(t, err)
		_, err = cloud.Do(t.Context(), http.MethodPost, "/v2/iam-organization-policy:reset", nil)
		require.NoError(t, err)
		_, err = client.ListInstances(t.Context(), zone)
		require.NoError(t, err)
	})
}

func TestInvalidExpressionsAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, owner := start(t, exoapi.Config{})
		for name, expression := range map[string]string{
			"syntax":   "operation in [",
			"empty":    "",
			"too deep": strings.Repeat("(", 1000) + "true" + strings.Repeat(")", 1000),
			"too long": "operation == '" + strings.Repeat("x", 8192) + "'",
		} {
			policy := ruled("allow", expression)
			got := call(t, cloud, http.MethodPost, "/v2/iam-role", `{"name":"r","policy":`+policy+`}`)
			assert.Equal(t, http.StatusBadRequest, got.status, name)
			assert.Contains(t, got.message(), "policy.services.compute.rules[].expression", name)
			assert.NotContains(t, got.message(), "\n", name)
			got = call(t, cloud, http.MethodPut, "/v2/iam-organization-policy", policy)
			assert.Equal(t, http.StatusBadRequest, got.status, name)
		}
		roles, err := owner.ListIAMRoles(t.Context(), zone)
		require.NoError(t, err)
		assert.Len(t, roles, 1, "what is refused leaves no trace")
	})
}

// The original only parses an expression when a policy is made.
func TestExpressionsThatMeanNothingAreAcceptedAndPassedOver(t *testing.T) {
	for name, expression := range map[string]string{
		"unknown variable": "operatoin == 'list-zones'",
		"unknown function": "operation.begins('list')",
		"bare name":        "test",
		"no decision":      "operation",
		"types":            "operation + 1 == 2",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud, _ := start(t, exoapi.Config{})
				policy := rules([2]string{"deny", expression}, [2]string{"allow", expression}, [2]string{"allow", "operation == 'list-zones'"})
				_, err := restricted(t, cloud, policy).ListInstances(t.Context(), zone)
				decided(t, false, err, "compute")
				cloud, _ = start(t, exoapi.Config{})
				next := rules([2]string{"deny", expression}, [2]string{"allow", "operation == 'list-instances'"})
				_, err = restricted(t, cloud, next).ListInstances(t.Context(), zone)
				decided(t, true, err, "compute")
			})
		})
	}
}

func TestExpressionCannotHoldUpTheCloud(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, _ := start(t, exoapi.Config{})
		list := "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]"
		slow := "true"
		for _, v := range []string{"a", "b", "c", "d", "e", "f"} {
			slow = list + ".all(" + v + ", " + slow + ")"
		}
		client := restricted(t, cloud, rules([2]string{"allow", slow}))
		_, err := client.ListInstances(t.Context(), zone)
		decided(t, false, err, "compute")
	})
}
