package exoapi_test

import (
	"bytes"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	egoscale "github.com/exoscale/egoscale/v2"
	"github.com/exoscale/egoscale/v2/api"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

func TestCatalog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{
			Templates: []string{"Linux Ubuntu 18.04 LTS 64-bit", "mine", "Linux Debian 13 (Trixie) 64-bit"},
		})
		ctx := t.Context()
		zones, err := client.ListZones(ctx)
		require.NoError(t, err)
		assert.Len(t, zones, 8)
		assert.Contains(t, zones, zone)

		micro, err := client.FindInstanceType(ctx, zone, "micro")
		require.NoError(t, err)
		assert.Equal(t, microID, *micro.ID)
		assert.EqualValues(t, 512<<20, *micro.Memory)
		_, err = client.GetInstanceType(ctx, zone, unknownID)
		require.ErrorIs(t, err, api.ErrNotFound)

		for name, user := range map[string]string{
			"Linux Debian 13 (Trixie) 64-bit": "debian", "Linux Debian 12 (Bookworm) 64-bit": "debian",
			"Linux Ubuntu 24.04 LTS 64-bit": "ubuntu", "Linux Ubuntu 22.04 LTS 64-bit": "ubuntu",
			"Linux Ubuntu 20.04 LTS 64-bit": "ubuntu", "Linux Ubuntu 18.04 LTS 64-bit": "ubuntu", "mine": "debian",
		} {
			template, err := client.GetTemplateByName(ctx, zone, name, "public")
			require.NoError(t, err)
			assert.Equal(t, user, *template.DefaultUser)
		}
		names := cloud.Templates()
		assert.Len(t, names, 20)
		slices.Sort(names)
		assert.Len(t, slices.Compact(names), 20, "none twice")
		_, err = client.GetTemplate(ctx, zone, unknownID)
		require.ErrorIs(t, err, api.ErrNotFound)
		unknown := call(t, cloud, http.MethodGet, "/v2/template/"+unknownID, "")
		assert.Contains(t, unknown.body["message"], "there are Linux Debian 12 (Bookworm) 64-bit, Linux Debian 13")
		private, err := client.ListTemplates(ctx, zone, egoscale.ListTemplatesWithVisibility("private"))
		require.NoError(t, err)
		assert.Empty(t, private)
		debian := call(t, cloud, http.MethodGet, "/v2/template?visibility=public&family=debian", "")
		assert.Len(t, debian.body["templates"], 3)
		assert.Equal(t, 400, call(t, cloud, http.MethodGet, "/v2/template?visibility=x", "").status)
		assert.NotEmpty(t, call(t, cloud, http.MethodGet, "/v2/organization", "").body["id"])
	})
}

func TestZonesListTheirEndpoints(t *testing.T) {
	local := newCloud(t, exoapi.Config{
		Zones:       []string{"x-1"},
		APIEndpoint: func(zone string) string { return "http://127.0.0.1:9/z/" + zone + "/v2" },
	})
	zones := call(t, local, http.MethodGet, "/v2/zone", "").body["zones"].([]any)
	require.Len(t, zones, 1)
	assert.Equal(t, "http://127.0.0.1:9/z/x-1/v2", zones[0].(map[string]any)["api-endpoint"])
	official := call(t, newCloud(t, exoapi.Config{}), http.MethodGet, "/v2/zone", "").body["zones"].([]any)
	assert.Equal(t, "https://api-ch-gva-2.exoscale.com/v2", official[0].(map[string]any)["api-endpoint"])
}

func TestQuotasCountWhatExists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := start(t, exoapi.Config{Quotas: map[string]int{"instance": -1}})
		newService(t, client, newPool(t, client, 25))
		q, err := client.GetQuota(t.Context(), zone, "instance")
		require.NoError(t, err)
		assert.EqualValues(t, 25, *q.Usage)
		assert.EqualValues(t, -1, *q.Limit)
		q, err = client.GetQuota(t.Context(), zone, "network-load-balancer")
		require.NoError(t, err)
		assert.EqualValues(t, 1, *q.Usage)
		all, err := client.ListQuotas(t.Context(), zone)
		require.NoError(t, err)
		limits := map[string]int64{}
		for _, q := range all {
			limits[*q.Resource] = *q.Limit
		}
		assert.Len(t, limits, len(all), "none twice")
		for name, limit := range map[string]int64{"cpu": -1, "memory": -1, "storage": -1, "bucket": 100, "gpu": 0, "gpurtx6000pro": 0} {
			assert.Equal(t, limit, limits[name], name)
		}
		_, err = client.GetQuota(t.Context(), zone, "dragons")
		require.ErrorIs(t, err, api.ErrNotFound)
	})
}

func TestRoutesThatAreNotEmulatedNameThemselves(t *testing.T) {
	cloud := newCloud(t, exoapi.Config{})
	for _, tc := range [][2]string{
		{http.MethodGet, "/v2/live-balance"},
		{http.MethodGet, "/v2/dbaas-service"},
		{http.MethodPatch, "/v2/instance"},
		{http.MethodPut, "/v2/instance/" + unknownID + ":explode"},
		{http.MethodGet, "/v2/"},
		{http.MethodGet, "/"},
		{http.MethodGet, "/v2/zone/"},
	} {
		got := call(t, cloud, tc[0], tc[1], "{}")
		assert.Equal(t, http.StatusNotImplemented, got.status, tc)
		assert.Contains(t, got.message(), tc[0]+" "+tc[1]+" is not emulated")
	}
}

func TestCallsAreCounted(t *testing.T) {
	cloud := newCloud(t, exoapi.Config{})
	for range 3 {
		call(t, cloud, http.MethodGet, "/v2/instance-pool", "")
	}
	call(t, cloud, http.MethodGet, "/v2/instance-pool/x", "")
	call(t, cloud, http.MethodGet, "/v2/dragons", "")
	calls := cloud.Calls()
	assert.Equal(t, 5, calls.Total)
	assert.Equal(t, map[string]int{"list-instance-pools": 3, "get-instance-pool": 1}, calls.ByOperation)
	calls.ByOperation["list-instance-pools"] = 9
	assert.Equal(t, 3, cloud.Calls().ByOperation["list-instance-pools"], "a copy")
}

func TestBodyOverTheLimitIsRefused(t *testing.T) {
	cloud := newCloud(t, exoapi.Config{})
	body := `{"name":"` + string(bytes.Repeat([]byte("a"), 1<<20)) + `"}`
	assert.Equal(t, http.StatusRequestEntityTooLarge, call(t, cloud, http.MethodPost, "/v2/security-group", body).status)
}

func TestEventsListWhoChangedWhat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		_, err := client.RegisterSSHKey(t.Context(), zone, "k", publicKey)
		require.NoError(t, err)
		events := func(query string) (handlers []string) {
			resp, err := tryCall(t, cloud, http.MethodGet, "/v2/event"+query, "")
			require.NoError(t, err)
			defer resp.Body.Close()
			require.Equal(t, 200, resp.StatusCode)
			for _, e := range decodeArray(t, resp.Body) {
				key, _ := cloud.Credential()
				assert.Equal(t, map[string]any{"key": key}, e["iam-api-key"])
				handlers = append(handlers, e["handler"].(string))
			}
			return handlers
		}
		assert.Equal(t, []string{"register-ssh-key"}, events(""))
		assert.Empty(t, events("?to=1999-01-01T00:00:00Z"))
		time.Sleep(25 * time.Hour)
		assert.Empty(t, events(""), "only the last day by default")
		assert.Len(t, events("?from=1999-01-01T00:00:00Z"), 1)
		assert.Equal(t, 400, call(t, cloud, http.MethodGet, "/v2/event?from=yesterday", "").status)
	})
}

func TestFinishedOperationsAreForgottenAfterADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, _ := start(t, exoapi.Config{})
		newGroup := func(name string) string {
			op := call(t, cloud, http.MethodPost, "/v2/security-group", `{"name":"`+name+`"}`)
			require.Equal(t, 200, op.status)
			return "/v2/operation/" + op.body["id"].(string)
		}
		old := newGroup("a")
		time.Sleep(24 * time.Hour)
		assert.Equal(t, 200, call(t, cloud, http.MethodGet, old, "").status)
		newGroup("b")
		assert.Equal(t, 404, call(t, cloud, http.MethodGet, old, "").status)
	})
}
