package exoapi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"testing/synctest"

	egoscale "github.com/exoscale/egoscale/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

func TestCallersAreKnownByTheirAddress(t *testing.T) {
	cloud := newCloud(t, exoapi.Config{})
	from := func(address, path string, spoil func(*http.Request)) {
		var signed *http.Request
		call(t, cloud, http.MethodGet, path, "", func(r *http.Request) { signed = r.Clone(t.Context()) })
		signed.RemoteAddr = address
		spoil(signed)
		cloud.Handler().ServeHTTP(httptest.NewRecorder(), signed)
	}
	unspoilt := func(*http.Request) {}
	from("198.18.0.1:4000", "/v2/instance", unspoilt)
	from("[::ffff:198.18.0.1]:4001", "/v2/instance/"+unknownID, unspoilt)
	from("198.18.0.2:4000", "/v2/instance", func(r *http.Request) { r.Header.Del("Authorization") })
	from("elsewhere", "/v2/instance", unspoilt)

	one, two := netip.MustParseAddr("198.18.0.1"), netip.MustParseAddr("198.18.0.2")
	callers := cloud.Callers()
	assert.Equal(t, exoapi.Caller{Calls: 2, Operations: map[string]int{"list-instances": 1}}, callers[one])
	assert.Equal(t, exoapi.Caller{Calls: 1, Refused: 1, Refusal: "request is not signed", Operations: map[string]int{}}, callers[two])
	callers[one].Operations["list-instances"] = 9
	assert.Equal(t, 1, cloud.Callers()[one].Operations["list-instances"], "it was a copy")
}

func TestInstancesShowTheirGroupsAndUserData(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, cloud, client := startWithFirewall(t)
		web := newGroup(t, client, "web")
		i := newInstance(t, client, in(web))
		info := cloud.Instances()[0]
		assert.Equal(t, []string{"web"}, info.SecurityGroups)
		assert.Empty(t, info.UserData)
		allow(t, client, web, func(r *egoscale.SecurityGroupRule) { r.SecurityGroupID = web.ID })
		protections := cloud.Protections()
		require.Len(t, protections, 1)
		assert.Equal(t, *i.ID, protections[0].MachineID)
		assert.Len(t, protections[0].Ingress, 1)
	})
	cloud := newCloud(t, exoapi.Config{})
	_, secret := cloud.Credential()
	assert.Equal(t, "it is …!", cloud.Redact("it is "+secret+"!"))
	body := fmt.Sprintf(`{"template":{"id":%q},"instance-type":{"id":%q},"disk-size":10,"user-data":"aGVsbG8="}`,
		call(t, cloud, http.MethodGet, "/v2/template", "").body["templates"].([]any)[0].(map[string]any)["id"],
		call(t, cloud, http.MethodGet, "/v2/instance-type", "").body["instance-types"].([]any)[0].(map[string]any)["id"])
	require.Equal(t, http.StatusOK, call(t, cloud, http.MethodPost, "/v2/instance", body).status)
	assert.Equal(t, "hello", string(cloud.Instances()[0].UserData))
}
