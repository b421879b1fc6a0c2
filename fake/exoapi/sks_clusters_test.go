package exoapi_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	egoscale "github.com/exoscale/egoscale/v2"
	"github.com/exoscale/egoscale/v2/api"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

// sks makes one exchange on each route of clusters and node pools.
func (d dialogue) sks() {
	d.get("/sks-cluster-version")
	d.get("/sks-cluster-version?include-deprecated=true")
	d.get("/sks-template/1.35.2/standard")
	id := d.change(http.MethodPost, "/sks-cluster", object{
		"name": "prod", "description": "all", "level": "starter", "version": "1.35.2", "cni": "cilium", "auto-upgrade": true,
		"addons":                        []string{"exoscale-cloud-controller", "exoscale-container-storage-interface", "karpenter"},
		"create-default-security-group": true, "enable-kube-proxy": true, "labels": object{"a": "b"}, "feature-gates": []string{"A"},
		"oidc":       object{"client-id": "a", "issuer-url": "https://b.c", "required-claim": object{"d": "e"}, "groups-claim": "f"},
		"audit":      object{"endpoint": "https://a.b", "bearer-token": "c"},
		"networking": object{"cluster-cidr": "192.168.0.0/16,fd00::/48", "service-cluster-ip-range": "10.96.0.0/12"},
	})
	path := "/sks-cluster/" + id
	d.nodepools(path)
	d.get("/sks-cluster")
	d.get(path)
	d.change(http.MethodPut, path, object{"name": "stage", "audit": object{"enabled": false}, "addons": []string{"karpenter"}})
	d.get(path)
	d.change(http.MethodPut, path, object{"addons": []string{"exoscale-cloud-controller", "exoscale-container-storage-interface", "karpenter"}})
	for _, what := range []string{"ccm-credentials", "csi-credentials", "karpenter-credentials", "operators-ca"} {
		d.change(http.MethodPut, path+"/rotate-"+what, nil)
	}
	d.change(http.MethodPut, path+"/upgrade", object{"version": "1.36.1"})
	d.change(http.MethodPut, path+"/upgrade-service-level", nil)
	d.get(path + "/authority/kubelet/cert")
	d.get(path + "/inspection")
	d.get("/sks-cluster-deprecated-resources/" + id)
	d.change(http.MethodDelete, path, nil)
}

func (d dialogue) nodepools(cluster string) {
	path := cluster + "/nodepool/" + d.change(http.MethodPost, cluster+"/nodepool", object{
		"name": "ci", "description": "builders", "size": 2, "disk-size": 20, "instance-type": object{"id": smallID}, "instance-prefix": "ci",
		"labels": object{"a": "b"}, "taints": object{"c": object{"value": "d", "effect": "NoSchedule"}}, "addons": []string{"storage-lvm"},
		"kubelet-image-gc": object{"high-threshold": 13, "low-threshold": 12, "min-age": "1m"}, "public-ip-assignment": "dual",
	})
	d.get(path)
	d.get(cluster)
	d.change(http.MethodPut, path, object{"name": "build", "disk-size": 30})
	pool := "/instance-pool/" + d.get(path)["instance-pool"].(object)["id"].(string)
	d.change(http.MethodPut, path+":evict", object{"instances": []any{d.get(pool)["instances"].([]any)[0].(object)["id"]}})
	d.change(http.MethodPut, path+":scale", object{"size": 0})
	d.change(http.MethodDelete, path, nil)
}

func newCluster(tb testing.TB, client *egoscale.Client) *egoscale.SKSCluster {
	tb.Helper()
	cluster, err := client.CreateSKSCluster(tb.Context(), zone, &egoscale.SKSCluster{
		Name: new("prod"), ServiceLevel: new("starter"), Version: new("1.35.2"),
		AddOns: new([]string{"exoscale-cloud-controller"}),
	})
	require.NoError(tb, err)
	return cluster
}

func newNodepool(tb testing.TB, client *egoscale.Client, cluster *egoscale.SKSCluster, size int64) *egoscale.SKSNodepool {
	tb.Helper()
	nodepool, err := client.CreateSKSNodepool(tb.Context(), zone, cluster, &egoscale.SKSNodepool{
		Name: new("ci"), Size: &size, DiskSize: new(int64(20)), InstanceTypeID: new(smallID),
	})
	require.NoError(tb, err)
	return nodepool
}

func TestClusterIsKeptAsItWasGiven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := start(t, exoapi.Config{})
		ctx := t.Context()
		versions, err := client.ListSKSClusterVersions(ctx)
		require.NoError(t, err)
		assert.Equal(t, []string{"1.36.1", "1.35.2", "1.34.5"}, versions)
		made := newCluster(t, client)
		assert.Equal(t, "running", *made.State)
		assert.Equal(t, "calico", *made.CNI)
		assert.Empty(t, made.Nodepools)
		assert.Equal(t, *made.ID+".sks-"+zone+".invalid", *made.Endpoint, "a name, without a scheme, at which nothing answers")

		made.Name, made.Description, made.Labels = new("stage"), new("second"), new(map[string]string{"a": "b"})
		require.NoError(t, client.UpdateSKSCluster(ctx, zone, made))
		got, err := client.GetSKSCluster(ctx, zone, *made.ID)
		require.NoError(t, err)
		assert.Equal(t, made, got)

		require.NoError(t, client.UpgradeSKSClusterServiceLevel(ctx, zone, made))
		require.NoError(t, client.RotateSKSClusterCCMCredentials(ctx, zone, made))
		resources, err := client.ListSKSClusterDeprecatedResources(ctx, zone, made)
		require.NoError(t, err)
		assert.Empty(t, resources)
		require.NoError(t, client.DeleteSKSCluster(ctx, zone, made))
		_, err = client.GetSKSCluster(ctx, zone, *made.ID)
		require.ErrorIs(t, err, api.ErrNotFound)
	})
}

func TestClusterUpgradesOneMinorVersionAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		cluster := newCluster(t, client)
		nodepool := newNodepool(t, client, cluster, 1)
		path := "/v2/sks-cluster/" + *cluster.ID + "/upgrade"
		for _, version := range []string{"1.35.2", "1.34.5", "1.99.0", "latest"} {
			got := call(t, cloud, http.MethodPut, path, `{"version":"`+version+`"}`)
			assert.Equal(t, http.StatusBadRequest, got.status, version)
		}
		require.NoError(t, client.UpgradeSKSCluster(t.Context(), zone, cluster, "1.36.1"))
		got, err := client.GetSKSCluster(t.Context(), zone, *cluster.ID)
		require.NoError(t, err)
		assert.Equal(t, "1.36.1", *got.Version)
		assert.Equal(t, "1.36.1", *got.Nodepools[0].Version)
		assert.NotEqual(t, *nodepool.TemplateID, *got.Nodepools[0].TemplateID)
		active := call(t, cloud, http.MethodGet, "/v2/sks-template/1.36.1/standard", "").body["active-template"]
		assert.Equal(t, active, *got.Nodepools[0].TemplateID)
		template, err := client.GetTemplate(t.Context(), zone, active.(string))
		require.NoError(t, err)
		assert.Equal(t, "sks-node-1.36.1-standard", *template.Name)

		old, err := client.CreateSKSCluster(t.Context(), zone, &egoscale.SKSCluster{
			Name: new("old"), ServiceLevel: new("pro"), Version: new("1.34.5"),
		})
		require.NoError(t, err)
		require.ErrorContains(t, client.UpgradeSKSCluster(t.Context(), zone, old, "1.36.1"), "from 1.34.5 to 1.36.1")
	})
}

func TestNodepoolManagesAnInstancePool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		ctx := t.Context()
		cluster := newCluster(t, client)
		nodepool := newNodepool(t, client, cluster, 2)
		assert.Equal(t, "running", *nodepool.State)
		path := "/v2/instance-pool/" + *nodepool.InstancePoolID
		pool := call(t, cloud, http.MethodGet, path, "").body
		assert.Equal(t, object{"id": *nodepool.ID, "type": "sks-nodepool"}, pool["manager"])
		members := instancesOf(t, client, *nodepool.InstancePoolID)
		require.Len(t, members, 2)
		assert.Equal(t, *nodepool.InstancePoolID, members[0].Manager.ID)
		assert.Equal(t, *nodepool.TemplateID, *members[0].TemplateID)
		for action, method := range map[string]string{
			":scale": http.MethodPut, ":evict": http.MethodPut, "/description": http.MethodDelete, "": http.MethodDelete,
		} {
			got := call(t, cloud, method, path+action, `{"size":3,"instances":["`+*members[0].ID+`"]}`)
			assert.Equal(t, http.StatusForbidden, got.status, action)
			assert.Contains(t, got.message(), "Locked by sks-nodepool "+*nodepool.ID)
		}

		require.NoError(t, client.ScaleSKSNodepool(ctx, zone, cluster, nodepool, 4))
		require.NoError(t, client.EvictSKSNodepoolMembers(ctx, zone, cluster, nodepool, []string{*members[1].ID}))
		got, err := client.GetSKSCluster(ctx, zone, *cluster.ID)
		require.NoError(t, err)
		assert.EqualValues(t, 3, *got.Nodepools[0].Size)
		assert.Len(t, instancesOf(t, client, *nodepool.InstancePoolID), 3)

		require.ErrorContains(t, client.DeleteSKSCluster(ctx, zone, cluster), "still has 1 nodepools")
		require.NoError(t, client.DeleteSKSNodepool(ctx, zone, cluster, nodepool))
		assert.Equal(t, http.StatusNotFound, call(t, cloud, http.MethodGet, path, "").status)
		got, err = client.GetSKSCluster(ctx, zone, *cluster.ID)
		require.NoError(t, err)
		assert.Empty(t, got.Nodepools)
		require.NoError(t, client.DeleteSKSCluster(ctx, zone, cluster))
		assert.Empty(t, cloud.Inventory())
	})
}

func TestOperationsOfNodepoolsNameTheNodepool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		cluster := newCluster(t, client)
		path := "/v2/sks-cluster/" + *cluster.ID + "/nodepool/" + *newNodepool(t, client, cluster, 1).ID
		reference := call(t, cloud, http.MethodPut, path, `{"name":"b"}`).body["reference"].(object)
		assert.Equal(t, "get-sks-nodepool", reference["command"])
		assert.Equal(t, path, reference["link"])
	})
}

func TestNodepoolUpdatesReachNewNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := start(t, exoapi.Config{})
		ctx := t.Context()
		cluster := newCluster(t, client)
		nodepool := newNodepool(t, client, cluster, 1)
		medium := "b6e9d1e8-89fc-4db3-aaa4-9b4c5b1d0844"
		nodepool.Name, nodepool.InstanceTypeID, nodepool.DiskSize = new("build"), &medium, new(int64(50))
		nodepool.Labels = new(map[string]string{"a": "b"})
		nodepool.Taints = new(map[string]*egoscale.SKSNodepoolTaint{"c": {Value: "d", Effect: "NoExecute"}})
		require.NoError(t, client.UpdateSKSNodepool(ctx, zone, cluster, nodepool))
		require.NoError(t, client.ScaleSKSNodepool(ctx, zone, cluster, nodepool, 2))
		got, err := client.GetSKSCluster(ctx, zone, *cluster.ID)
		require.NoError(t, err)
		nodepool.Size = new(int64(2))
		assert.Equal(t, nodepool, got.Nodepools[0])
		nodes := instancesOf(t, client, *nodepool.InstancePoolID)
		assert.Equal(t, smallID, *nodes[0].InstanceTypeID)
		assert.Equal(t, medium, *nodes[1].InstanceTypeID)
	})
}

func TestClusterMayHaveASecurityGroupForItsNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := newCloud(t, exoapi.Config{})
		d := dialogue{t: t, cloud: cloud, transport: cloud.Transport()}
		id := d.change(http.MethodPost, "/sks-cluster", object{
			"name": strings.Repeat("p", 255), "level": "pro", "version": "1.36.1", "create-default-security-group": true,
		})
		group := d.get("/sks-cluster/" + id)["default-security-group-id"].(string)
		assert.NotEmpty(t, d.get("/security-group/" + group)["rules"])
		assert.LessOrEqual(t, len(d.get("/security-group/" + group)["description"].(string)), 255, "as everywhere")
		nodepool := "/sks-cluster/" + id + "/nodepool/" + d.change(http.MethodPost, "/sks-cluster/"+id+"/nodepool", object{
			"name": "ci", "size": 1, "disk-size": 20, "instance-type": object{"id": smallID},
		})
		assert.Equal(t, []any{object{"id": group}}, d.get(nodepool)["security-groups"])
		got := call(t, cloud, http.MethodDelete, "/v2/security-group/"+group, "")
		assert.Equal(t, http.StatusConflict, got.status)
		d.change(http.MethodDelete, nodepool, nil)
		d.change(http.MethodDelete, "/sks-cluster/"+id, nil)
		assert.Equal(t, http.StatusNotFound, call(t, cloud, http.MethodGet, "/v2/security-group/"+group, "").status)
	})
}

func TestClusterHasNoMoreThanTheDocumentAllows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := newCloud(t, exoapi.Config{})
		d := dialogue{t: t, cloud: cloud, transport: cloud.Transport()}
		path := "/sks-cluster/" + d.change(http.MethodPost, "/sks-cluster", object{
			"name": "prod", "level": "pro", "version": "1.36.1", "create-default-security-group": true,
		})
		own := d.get(path)["default-security-group-id"]
		var groups []object
		for i := range 16 {
			groups = append(groups, object{"id": d.change(http.MethodPost, "/security-group", object{"name": fmt.Sprint("g", i)})})
		}
		body := func(name string, groups []object) string {
			return encoded(t, object{
				"name": name, "size": 1, "disk-size": 20, "instance-type": object{"id": smallID}, "security-groups": groups,
			})
		}
		got := call(t, cloud, http.MethodPost, "/v2"+path+"/nodepool", body("n", groups))
		assert.Equal(t, http.StatusBadRequest, got.status, "the cluster's own would be the seventeenth")
		groups[15] = object{"id": own}
		for i := range 16 {
			got := call(t, cloud, http.MethodPost, "/v2"+path+"/nodepool", body(fmt.Sprint("n", i), groups))
			require.Equal(t, http.StatusOK, got.status, got.message())
		}
		got = call(t, cloud, http.MethodPost, "/v2"+path+"/nodepool", body("n16", groups[:1]))
		assert.Equal(t, http.StatusForbidden, got.status)
		assert.Contains(t, got.message(), "has 16 nodepools")
	})
}

func TestAuthoritiesHaveACertificateThatStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := start(t, exoapi.Config{})
		cluster := newCluster(t, client)
		seen := map[string]bool{}
		for _, authority := range []string{"control-plane", "aggregation", "kubelet"} {
			text, err := client.GetSKSClusterAuthorityCert(t.Context(), zone, cluster, authority)
			require.NoError(t, err)
			again, err := client.GetSKSClusterAuthorityCert(t.Context(), zone, cluster, authority)
			require.NoError(t, err)
			assert.Equal(t, text, again)
			seen[text] = true
			decoded, err := base64.StdEncoding.DecodeString(text)
			require.NoError(t, err)
			block, _ := pem.Decode(decoded)
			require.NotNil(t, block)
			certificate, err := x509.ParseCertificate(block.Bytes)
			require.NoError(t, err)
			assert.True(t, certificate.IsCA)
			assert.Equal(t, authority, certificate.Subject.CommonName)
		}
		assert.Len(t, seen, 3)
		_, err := client.GetSKSClusterAuthorityCert(t.Context(), zone, cluster, "etcd")
		require.ErrorIs(t, err, api.ErrInvalidRequest)
	})
}

func TestKubeconfigIsRefusedWithItsReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := start(t, exoapi.Config{})
		cluster := newCluster(t, client)
		_, err := client.GetSKSClusterKubeconfig(t.Context(), zone, cluster, "admin", []string{"system:masters"}, time.Hour)
		require.ErrorContains(t, err, "no control plane runs behind the cluster")
	})
}

func TestSettingsOfClustersAreCleared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := newCloud(t, exoapi.Config{})
		d := dialogue{t: t, cloud: cloud, transport: cloud.Transport()}
		id := d.change(http.MethodPost, "/sks-cluster", object{
			"name": "prod", "level": "pro", "version": "1.36.1", "description": "a", "feature-gates": []string{"A"},
			"oidc":  object{"client-id": "a", "issuer-url": "b"},
			"audit": object{"endpoint": "https://a.b", "bearer-token": "hidden"},
		})
		made := d.get("/sks-cluster/" + id)
		assert.Equal(t, object{"client-id": "a", "issuer-url": "b"}, made["oidc"])
		assert.Equal(t, object{"endpoint": "https://a.b", "enabled": true, "initial-backoff": "10s"}, made["audit"], "without its token")
		d.change(http.MethodPut, "/sks-cluster/"+id, object{
			"oidc": nil, "feature-gates": nil, "description": nil, "audit": object{"enabled": false},
		})
		cleared := d.get("/sks-cluster/" + id)
		assert.NotContains(t, cleared, "oidc")
		assert.NotContains(t, cleared, "feature-gates")
		assert.NotContains(t, cleared, "description")
		assert.Equal(t, object{"endpoint": "https://a.b", "enabled": false, "initial-backoff": "10s"}, cleared["audit"])
	})
}

func TestBadClustersAndNodepoolsAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{Quotas: map[string]int{"sks-cluster": 1}})
		for _, body := range []string{
			`"level":"free"`, `"version":"1.2.3"`, `"version":"1.33.9"`, `"cni":"flannel"`, `"addons":["karpenter","karpenter"]`,
			`"addons":["x"]`, `"oidc":{"client-id":"a"}`, `"audit":{"endpoint":"https://a.b"}`, `"networking":{"cluster-cidr":"a"}`,
			`"networking":{"cluster-cidr":"10.0.0.0/8,10.0.0.0/8,10.0.0.0/8"}`, `"networking":{"node-cidr-mask-size-ipv4":33}`, `"feature-gates":null`,
		} {
			body = `{"name":"a","level":"pro","version":"1.36.1",` + body + `}`
			assert.Equal(t, http.StatusBadRequest, call(t, cloud, http.MethodPost, "/v2/sks-cluster", body).status, body)
		}
		cluster := newCluster(t, client)
		path := "/v2/sks-cluster/" + *cluster.ID
		got := call(t, cloud, http.MethodPost, "/v2/sks-cluster", `{"name":"a","level":"pro","version":"1.36.1"}`)
		assert.Contains(t, got.message(), "quota of resource sks-cluster reached")
		assert.Equal(t, http.StatusBadRequest, call(t, cloud, http.MethodPut, path+"/rotate-csi-credentials", "").status, "it has no such addon")
		assert.Equal(t, http.StatusBadRequest, call(t, cloud, http.MethodPut, path, `{"audit":{"enabled":true}}`).status)
		newNodepool(t, client, cluster, 1)
		for body, status := range map[string]int{
			`"name":"CI"`: 400, `"name":"a b"`: 400, `"name":"ci"`: 409, `"size":0`: 400, `"disk-size":19`: 400, `"disk-size":401`: 400,
			`"instance-type":{"id":"` + microID + `"}`: 400, `"instance-prefix":"A"`: 400, `"public-ip-assignment":"none"`: 400,
			`"taints":{"a":{"value":"b"}}`: 400, `"taints":{"a":null}`: 400, `"addons":["x"]`: 400,
			`"kubelet-image-gc":{"min-age":"soon"}`: 400, `"kubelet-image-gc":{"high-threshold":101}`: 400,
			`"nvidia-mig-profiles":{"a30.24gb":"1g.6gb"}`: 400, `"deploy-target":{"id":"` + unknownID + `"}`: 404,
			`"security-groups":[{"id":"` + unknownID + `"}]`: 404, `"private-networks":[{"id":"` + unknownID + `"}]`: 404,
		} {
			// The last of several fields of a name counts.
			body = `{"name":"b","size":1,"disk-size":20,"instance-type":{"id":"` + smallID + `"},` + body + `}`
			got := call(t, cloud, http.MethodPost, path+"/nodepool", body)
			assert.Equal(t, status, got.status, "%s: %s", body, got.message())
		}
		got = call(t, cloud, http.MethodPut, path+"/upgrade-service-level", "")
		require.Equal(t, http.StatusOK, got.status)
		got = call(t, cloud, http.MethodPut, path, `{"name":"b"}`)
		assert.Equal(t, http.StatusConflict, got.status, "it is updating")
	})
}
