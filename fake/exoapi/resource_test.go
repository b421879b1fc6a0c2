package exoapi_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/exoscale/egoscale/v2/api"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

// TestDeclarationOfAResourceIsEnough adds a made-up kind of resource by its
// declaration alone: everything that treats all kinds alike knows it.
func TestDeclarationOfAResourceIsEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, err := exoapi.NewWithRacks(exoapi.Config{Quotas: map[string]int{"rack": 1}})
		require.NoError(t, err)
		t.Cleanup(cloud.Close)
		d := dialogue{t: t, cloud: cloud, transport: cloud.Transport()}
		group := d.change(http.MethodPost, "/anti-affinity-group", object{"name": "apart"})
		id := d.change(http.MethodPost, "/rack", object{"name": "top", "anti-affinity-group": object{"id": group}})

		assert.Equal(t, "top", d.get("/rack/" + id)["name"])
		assert.Len(t, d.get("/rack")["racks"], 1)
		assert.Contains(t, cloud.Routes(),
			exoapi.Route{Method: http.MethodGet, Path: "/rack", OperationID: "list-racks", Emulated: true})
		assert.Equal(t, []string{"top " + id}, cloud.Inventory()["rack"])

		quota := d.get("/quota/rack")
		assert.EqualValues(t, 1, quota["usage"])
		assert.EqualValues(t, 1, quota["limit"])
		a := call(t, cloud, http.MethodPost, "/v2/rack", `{"name":"second"}`)
		assert.Equal(t, http.StatusForbidden, a.status)
		assert.Contains(t, a.message(), "quota of resource rack reached")

		a = call(t, cloud, http.MethodDelete, "/v2/anti-affinity-group/"+group, "")
		assert.Equal(t, http.StatusConflict, a.status)
		assert.Contains(t, a.message(), "in use by rack "+id)

		_, err = cloud.Faults().Add(exoapi.Fault{Name: exoapi.FaultOperationFails, Operation: "delete-rack", Count: 1})
		require.NoError(t, err)
		op := d.call(http.StatusOK, http.MethodDelete, "/rack/"+id, nil)
		assert.Equal(t, "get-rack", op["reference"].(object)["command"])
		time.Sleep(time.Second)
		assert.Equal(t, "failure", d.get("/operation/" + op["id"].(string))["state"])
		assert.Equal(t, "top", d.get("/rack/" + id)["name"])
	})
}

func TestNewResourceForgetsADestroyedInstance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, err := exoapi.NewWithRacks(exoapi.Config{})
		require.NoError(t, err)
		t.Cleanup(cloud.Close)
		d := dialogue{t: t, cloud: cloud, transport: cloud.Transport()}
		instance := d.change(http.MethodPost, "/instance", object{
			"instance-type": object{"id": microID}, "template": object{"id": d.first("/template", "templates")}, "disk-size": 10,
		})
		id := d.change(http.MethodPost, "/rack", object{"name": "top"})
		d.change(http.MethodPut, "/rack/"+id+":put", object{"instance": object{"id": instance}})
		assert.Equal(t, []any{object{"id": instance}}, d.get("/rack/" + id)["instances"])
		d.change(http.MethodDelete, "/instance/"+instance, nil)
		assert.Empty(t, d.get("/rack/" + id)["instances"])
	})
}

func TestPoliciesKnowANewResource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, err := exoapi.NewWithRacks(exoapi.Config{})
		require.NoError(t, err)
		t.Cleanup(cloud.Close)
		d := dialogue{t: t, cloud: cloud, transport: cloud.Transport()}
		top := d.change(http.MethodPost, "/rack", object{"name": "top"})
		low := d.change(http.MethodPost, "/rack", object{"name": "low"})
		policy := ruled("allow", "resources.rack.name == 'top'")
		role := call(t, cloud, http.MethodPost, "/v2/iam-role", `{"name":"r","policy":`+policy+`}`)
		key := call(t, cloud, http.MethodPost, "/v2/api-key",
			fmt.Sprintf(`{"name":"k","role-id":%q}`, role.body["reference"].(object)["id"])).body
		signer, err := api.NewSecurityProvider(key["key"].(string), key["secret"].(string))
		require.NoError(t, err)
		for id, want := range map[string]int{top: http.StatusOK, low: http.StatusForbidden} {
			a := call(t, cloud, http.MethodGet, "/v2/rack/"+id, "", func(req *http.Request) {
				assert.NoError(t, signer.Intercept(req.Context(), req))
			})
			assert.Equal(t, want, a.status, a.message())
		}
	})
}
