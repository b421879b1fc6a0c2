package exoapi_test

import (
	"net"
	"net/http"
	"testing"
	"testing/synctest"

	egoscale "github.com/exoscale/egoscale/v2"
	"github.com/exoscale/egoscale/v2/api"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
)

// publicKey and its fingerprint, as ssh-keygen -l -E md5 prints it.
const (
	publicKey      = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMWdEpkzl0Pu9GVMpOMPqghPj6kpcLSfDfkrh1r5Apw/ test@example"
	keyFingerprint = "da:98:ee:b4:0f:92:b1:c3:42:fa:16:78:82:a0:44:6c"
)

func TestSSHKeyIsThereWhenRegisteringReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		key, err := client.RegisterSSHKey(t.Context(), zone, "k.1", publicKey)
		require.NoError(t, err)
		assert.Equal(t, "k.1", *key.Name)
		assert.Equal(t, keyFingerprint, *key.Fingerprint)
		list, err := client.ListSSHKeys(t.Context(), "de-fra-1")
		require.NoError(t, err)
		assert.Len(t, list, 1, "keys belong to the organization")
		_, err = client.RegisterSSHKey(t.Context(), zone, "k.1", publicKey)
		require.ErrorContains(t, err, "already exists")
		for _, body := range []string{
			`{"name":"-k","public-key":"` + publicKey + `"}`,
			`{"name":"a b","public-key":"` + publicKey + `"}`,
			`{"name":"k2","public-key":"ssh-ed25519"}`,
			`{"name":"k2","public-key":"ssh-ed25519 AAAA"}`,
			`{"name":"k2","public-key":"ssh-ed25519 /////w=="}`,
			`{"name":"k2"}`,
		} {
			assert.Equal(t, 400, call(t, cloud, http.MethodPost, "/v2/ssh-key", body).status, body)
		}
		require.NoError(t, client.DeleteSSHKey(t.Context(), zone, key))
		_, err = client.GetSSHKey(t.Context(), zone, "k.1")
		require.ErrorIs(t, err, api.ErrNotFound)
	})
}

func TestSecurityGroupRulesAreEchoedExactly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := start(t, exoapi.Config{})
		ctx := t.Context()
		a, err := client.CreateSecurityGroup(ctx, zone, &egoscale.SecurityGroup{Name: new("a")})
		require.NoError(t, err)
		b, err := client.CreateSecurityGroup(ctx, zone, &egoscale.SecurityGroup{Name: new("b"), Description: new("d")})
		require.NoError(t, err)
		assert.Equal(t, "d", *b.Description)
		_, err = client.CreateSecurityGroup(ctx, zone, &egoscale.SecurityGroup{Name: new("a")})
		require.ErrorContains(t, err, "already exists")

		_, network, err := net.ParseCIDR("10.1.2.0/24")
		require.NoError(t, err)
		byNetwork, err := client.CreateSecurityGroupRule(ctx, zone, a, &egoscale.SecurityGroupRule{
			Description: new("web"), FlowDirection: new("ingress"), Protocol: new("tcp"),
			StartPort: new(uint16(80)), EndPort: new(uint16(81)), Network: network,
		})
		require.NoError(t, err)
		assert.Equal(t, "web", *byNetwork.Description)
		assert.Equal(t, "10.1.2.0/24", byNetwork.Network.String())
		assert.EqualValues(t, 81, *byNetwork.EndPort)
		byGroup, err := client.CreateSecurityGroupRule(ctx, zone, a, &egoscale.SecurityGroupRule{
			FlowDirection: new("ingress"), Protocol: new("tcp"),
			StartPort: new(uint16(9100)), EndPort: new(uint16(9100)), SecurityGroupID: b.ID,
		})
		require.NoError(t, err)
		assert.Equal(t, *b.ID, *byGroup.SecurityGroupID)
		ping, err := client.CreateSecurityGroupRule(ctx, zone, a, &egoscale.SecurityGroupRule{
			FlowDirection: new("ingress"), Protocol: new("icmp"), Network: network,
			ICMPType: new(int64(8)), ICMPCode: new(int64(0)),
		})
		require.NoError(t, err)
		assert.EqualValues(t, 0, *ping.ICMPCode)

		a, err = client.GetSecurityGroup(ctx, zone, *a.ID)
		require.NoError(t, err)
		require.Len(t, a.Rules, 3)
		require.ErrorContains(t, client.DeleteSecurityGroup(ctx, zone, b), "in use by a rule")
		require.NoError(t, client.DeleteSecurityGroupRule(ctx, zone, a, byGroup))
		require.NoError(t, client.DeleteSecurityGroup(ctx, zone, b))
		_, err = client.GetSecurityGroup(ctx, zone, *b.ID)
		require.ErrorIs(t, err, api.ErrNotFound)
	})
}

func TestSecurityGroupRuleRefusals(t *testing.T) {
	cloud := newCloud(t, exoapi.Config{})
	list := call(t, cloud, http.MethodGet, "/v2/security-group", "")
	id := list.body["security-groups"].([]any)[0].(map[string]any)["id"].(string)
	path := "/v2/security-group/" + id + "/rules"
	for body, status := range map[string]int{
		`{}`: 400,
		`{"flow-direction":"in","protocol":"tcp","network":"::/0","start-port":1,"end-port":1}`:      400,
		`{"flow-direction":"ingress","protocol":"tcp","start-port":1,"end-port":1}`:                  400,
		`{"flow-direction":"ingress","protocol":"tcp","network":"0/0","start-port":1,"end-port":1}`:  400,
		`{"flow-direction":"ingress","protocol":"tcp","network":"::/0"}`:                             400,
		`{"flow-direction":"ingress","protocol":"tcp","network":"::/0","start-port":2,"end-port":1}`: 400,
		`{"flow-direction":"ingress","protocol":"gre","network":"::/0","icmp":{"type":8}}`:           400,
		`{"flow-direction":"ingress","protocol":"icmp","network":"::/0","icmp":{"type":255}}`:        400,
		`{"flow-direction":"ingress","protocol":"gre","security-group":{"id":"` + unknownID + `"}}`:  404,
		`{"flow-direction":"ingress","protocol":"gre","security-group":{"name":"nobody"}}`:           404,
		`{"flow-direction":"ingress","protocol":"gre","network":"::/0"}`:                             200,
		`{"flow-direction":"ingress","protocol":"gre","security-group":{"name":` +
			`"public-nlb-healthcheck-sources","visibility":"public"}}`: 200,
	} {
		assert.Equal(t, status, call(t, cloud, http.MethodPost, path, body).status, body)
	}
	assert.Equal(t, 404, call(t, cloud, http.MethodDelete, path+"/"+unknownID, "").status)
}

// Clients find the rule that they have added by the peer's id, or by its having
// none.
func TestRulesNameTheirPeers(t *testing.T) {
	cloud := newCloud(t, exoapi.Config{})
	list := call(t, cloud, http.MethodGet, "/v2/security-group", "")
	id := list.body["security-groups"].([]any)[0].(map[string]any)["id"].(string)
	path := "/v2/security-group/" + id
	for _, peer := range []string{
		`{"id":"` + id + `","visibility":"private"}`,
		`{"name":"public-sks-apiservers","visibility":"public"}`,
	} {
		added := call(t, cloud, http.MethodPost, path+"/rules", `{"flow-direction":"egress","protocol":"gre","security-group":`+peer+`}`)
		require.Equal(t, 200, added.status, added.message())
	}
	var peers []any
	for _, rule := range call(t, cloud, http.MethodGet, path, "").body["rules"].([]any) {
		peers = append(peers, rule.(map[string]any)["security-group"])
	}
	assert.Equal(t, []any{
		map[string]any{"id": id, "name": "default"},
		map[string]any{"name": "public-sks-apiservers", "visibility": "public"},
	}, peers)
	for _, peer := range []string{
		`{"name":"public-sks-apiservers","visibility":"private"}`, `{"name":"default","visibility":"private"}`,
	} {
		refused := call(t, cloud, http.MethodPost, path+"/rules", `{"flow-direction":"egress","protocol":"gre","security-group":`+peer+`}`)
		assert.Equal(t, 404, refused.status, peer)
	}
}

func TestSecurityGroupVisibility(t *testing.T) {
	cloud := newCloud(t, exoapi.Config{})
	for query, want := range map[string][]string{
		"": {"default"}, "?visibility=private": {"default"},
		"?visibility=public": {"public-nlb-healthcheck-sources", "public-sks-apiservers"},
	} {
		var names []string
		for _, entry := range call(t, cloud, http.MethodGet, "/v2/security-group"+query, "").body["security-groups"].([]any) {
			group := entry.(map[string]any)
			names = append(names, group["name"].(string))
			_, identified := group["id"]
			assert.Equal(t, group["visibility"] == "private", identified, "public groups have no id")
		}
		assert.Equal(t, want, names)
	}
	fixed := "/v2/security-group/" + world.FixedID("group/public-sks-apiservers")
	assert.Equal(t, 404, call(t, cloud, http.MethodGet, fixed, "").status)
	assert.Equal(t, 404, call(t, cloud, http.MethodDelete, fixed, "").status)
	assert.Equal(t, 400, call(t, cloud, http.MethodGet, "/v2/security-group?visibility=x", "").status)
}

func TestSecurityGroupMembership(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		ctx := t.Context()
		group, err := client.CreateSecurityGroup(ctx, zone, &egoscale.SecurityGroup{Name: new("a")})
		require.NoError(t, err)
		i := newInstance(t, client)
		require.NoError(t, client.AttachInstanceToSecurityGroup(ctx, zone, i, group))
		require.ErrorContains(t, client.DeleteSecurityGroup(ctx, zone, group), "in use by instance")
		require.NoError(t, client.DetachInstanceFromSecurityGroup(ctx, zone, i, group))

		require.NoError(t, client.AddExternalSourceToSecurityGroup(ctx, zone, group, "192.0.2.1/32"))
		got, err := client.GetSecurityGroup(ctx, zone, *group.ID)
		require.NoError(t, err)
		assert.Equal(t, []string{"192.0.2.1/32"}, *got.ExternalSources)
		require.NoError(t, client.RemoveExternalSourceFromSecurityGroup(ctx, zone, group, "192.0.2.1/32"))
		require.NoError(t, client.DeleteSecurityGroup(ctx, zone, group))
		require.NoError(t, client.DeleteInstance(ctx, zone, i))
		assert.Empty(t, cloud.Instances())
	})
}

func TestGroupsOfADeletedPoolAreFree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := start(t, exoapi.Config{})
		ctx := t.Context()
		group, err := client.CreateAntiAffinityGroup(ctx, zone, &egoscale.AntiAffinityGroup{Name: new("a")})
		require.NoError(t, err)
		wanted := wantedPool(t, client, 1)
		wanted.AntiAffinityGroupIDs = &[]string{*group.ID}
		pool, err := client.CreateInstancePool(ctx, zone, wanted)
		require.NoError(t, err)
		require.ErrorContains(t, client.DeleteAntiAffinityGroup(ctx, zone, group), "in use by")
		require.NoError(t, client.DeleteInstancePool(ctx, zone, pool))
		require.NoError(t, client.DeleteAntiAffinityGroup(ctx, zone, group))
		list, err := client.ListAntiAffinityGroups(ctx, zone)
		require.NoError(t, err)
		assert.Empty(t, list)
	})
}
