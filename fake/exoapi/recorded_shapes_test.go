package exoapi_test

import (
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

// What these tests hold was seen in recordings of the original's answers; they
// need none.

// TestWhatIsEmptyIsAbsent makes resources with as little as possible: their
// answers have no fields for what they lack.
func TestWhatIsEmptyIsAbsent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := newCloud(t, exoapi.Config{})
		d := dialogue{t: t, cloud: cloud, transport: cloud.Transport()}
		machine := object{"instance-type": object{"id": microID}, "template": object{"id": d.first("/template", "templates")}, "disk-size": 10}
		for kind, tc := range map[string]struct {
			body   object
			absent []string
			full   object // makes some of them appear
		}{
			"security-group":  {object{"name": "a"}, []string{"rules", "external-sources"}, nil},
			"private-network": {object{"name": "a", "options": object{}, "labels": object{}}, []string{"labels", "leases", "options", "start-ip"}, object{"labels": object{"a": "b"}, "options": object{"routers": []string{"10.0.0.1"}}}},
			"elastic-ip":      {object{}, []string{"labels", "healthcheck"}, object{"labels": object{"a": "b"}}},
			"load-balancer":   {object{"name": "a"}, []string{"labels"}, object{"labels": object{"a": "b"}}},
			"iam-role":        {object{"name": "a"}, []string{"labels"}, object{"labels": object{"a": "b"}}},
			"instance":        {machine, []string{"labels", "ssh-key", "user-data"}, object{"labels": object{"a": "b"}}},
			"instance-pool": {object{
				"name": "a", "size": 1, "instance-type": machine["instance-type"], "template": machine["template"], "disk-size": 10,
			}, []string{"labels", "ssh-key", "user-data"}, object{"labels": object{"a": "b"}}},
		} {
			path := "/" + kind + "/" + d.change(http.MethodPost, "/"+kind, tc.body)
			for _, field := range tc.absent {
				assert.NotContains(t, d.get(path), field, kind)
			}
			if tc.full == nil {
				continue
			}
			d.change(http.MethodPut, path, tc.full)
			for field := range tc.full {
				assert.Len(t, d.get(path)[field], 1, "%s of %s", field, kind)
			}
			d.change(http.MethodPut, path, object{"labels": object{}})
			assert.NotContains(t, d.get(path), "labels", kind)
		}
	})
}

// TestFieldsOfListedThings compares all fields of what lists show.
func TestFieldsOfListedThings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := newCloud(t, exoapi.Config{})
		d := dialogue{t: t, cloud: cloud, transport: cloud.Transport()}
		d.change(http.MethodPost, "/private-network", object{"name": "n", "start-ip": "10.0.0.1", "end-ip": "10.0.0.9", "netmask": "255.255.255.0"})
		web := d.change(http.MethodPost, "/security-group", object{"name": "web"})
		rule := object{
			"flow-direction": "ingress", "protocol": "tcp", "start-port": 80, "end-port": 80, "description": "x",
			"security-group": object{"id": web},
		}
		d.change(http.MethodPost, "/security-group/"+web+"/rules", rule)
		rules := d.get("/security-group/" + web)["rules"].([]any)
		require.Len(t, rules, 1)
		assert.Equal(t, object{"id": web, "name": "web"}, rules[0].(object)["security-group"], "no visibility")
		for list, fields := range map[string][]string{
			"zones":            {"api-endpoint", "id", "name", "sos-endpoint"},
			"security-groups":  {"description", "id", "name", "visibility"},
			"private-networks": {"description", "end-ip", "id", "name", "netmask", "start-ip", "vni"},
			"quotas":           {"limit", "resource", "usage"},
			"templates": {
				"application-consistent-snapshot-enabled", "boot-mode", "build", "checksum", "created-at", "default-user", "description",
				"family", "id", "maintainer", "name", "password-enabled", "size", "ssh-key-enabled", "version", "visibility",
			},
		} {
			first := d.get("/" + list[:len(list)-1])[list].([]any)[0].(object)
			got := make([]string, 0, len(first))
			for field := range first {
				got = append(got, field)
			}
			slices.Sort(got)
			assert.Equal(t, fields, got, list)
		}
	})
}

func TestZonesHaveTheOriginalsOrder(t *testing.T) {
	cloud := newCloud(t, exoapi.Config{})
	var names []string
	ids := map[any]bool{}
	for _, z := range call(t, cloud, http.MethodGet, "/v2/zone", "").body["zones"].([]any) {
		names = append(names, z.(object)["name"].(string))
		ids[z.(object)["id"]] = true
	}
	assert.Equal(t, []string{"ch-gva-2", "ch-dk-2", "at-vie-1", "de-fra-1", "bg-sof-1", "de-muc-1", "at-vie-2", "hr-zag-1"}, names)
	assert.Len(t, ids, len(names))
}

// TestOperationsOfSSHKeysAreDoneAtOnce and refer to nothing.
func TestOperationsOfSSHKeysAreDoneAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := newCloud(t, exoapi.Config{})
		body := `{"name":"k","public-key":"` + publicKey + `"}`
		done := func(method, path, body string) {
			t.Helper()
			op := call(t, cloud, method, path, body)
			require.Equal(t, http.StatusOK, op.status)
			assert.Equal(t, object{"id": op.body["id"], "state": "success"}, op.body)
			assert.Equal(t, op.body, call(t, cloud, http.MethodGet, "/v2/operation/"+op.body["id"].(string), "").body)
		}
		done(http.MethodPost, "/v2/ssh-key", body)
		assert.Equal(t, http.StatusConflict, call(t, cloud, http.MethodPost, "/v2/ssh-key", body).status)
		done(http.MethodDelete, "/v2/ssh-key/k", "")
		assert.Equal(t, http.StatusNotFound, call(t, cloud, http.MethodDelete, "/v2/ssh-key/k", "").status)

		// Faults of operations have something to delay.
		for _, fault := range []struct {
			exoapi.Fault

			end string
		}{
			{exoapi.Fault{Name: exoapi.FaultOperationFails}, "failure"},
			{exoapi.Fault{Name: exoapi.FaultOperationStuck, Duration: time.Minute}, "success"},
		} {
			fault.Operation, fault.Count = "register-ssh-key", 1
			_, err := cloud.Faults().Add(fault.Fault)
			require.NoError(t, err)
			op := call(t, cloud, http.MethodPost, "/v2/ssh-key", body).body
			assert.Equal(t, "pending", op["state"], fault.Name)
			time.Sleep(2 * time.Minute)
			assert.Equal(t, fault.end, call(t, cloud, http.MethodGet, "/v2/operation/"+op["id"].(string), "").body["state"], fault.Name)
		}
	})
}

// TestOperationsOnDeletedAntiAffinityGroupsReferToNothing, unlike those on
// other kinds, once they have succeeded.
func TestOperationsOnDeletedAntiAffinityGroupsReferToNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := newCloud(t, exoapi.Config{})
		d := dialogue{t: t, cloud: cloud, transport: cloud.Transport()}
		for kind, refers := range map[string]bool{"anti-affinity-group": false, "security-group": true, "private-network": true} {
			id := d.change(http.MethodPost, "/"+kind, object{"name": "a"})
			op := d.call(http.StatusOK, http.MethodDelete, "/"+kind+"/"+id, nil)
			assert.Equal(t, id, op["reference"].(object)["id"])
			time.Sleep(time.Second)
			op = d.get("/operation/" + op["id"].(string))
			assert.Equal(t, "success", op["state"])
			assert.Equal(t, refers, op["reference"] != nil, kind)
		}
	})
}

func TestRefusalsOfWrongRequestsListWhatIsWrong(t *testing.T) {
	cloud := newCloud(t, exoapi.Config{})
	wrong := call(t, cloud, http.MethodPost, "/v2/private-network",
		`{"name":"n","start-ip":"10.0.0.2","end-ip":"10.0.0.1","netmask":"255.255.255.0","options":{}}`)
	assert.Equal(t, http.StatusBadRequest, wrong.status)
	assert.Equal(t, object{
		"message": "bad request: start-ip must not be above end-ip",
		"errors":  []any{object{"message": "start-ip must not be above end-ip"}},
	}, wrong.body)
	missing := call(t, cloud, http.MethodGet, "/v2/ssh-key/k", "")
	assert.Equal(t, http.StatusNotFound, missing.status)
	assert.Equal(t, object{"message": "SSH key k not found"}, missing.body, "only the message")
}

func TestApplicationConsistentSnapshotsAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const field = "application-consistent-snapshot-enabled"
		cloud := newCloud(t, exoapi.Config{})
		d := dialogue{t: t, cloud: cloud, transport: cloud.Transport()}
		machine := object{"instance-type": object{"id": microID}, "template": object{"id": d.first("/template", "templates")}, "disk-size": 10}
		path := "/instance/" + d.change(http.MethodPost, "/instance", machine)
		assert.Equal(t, false, d.get(path)[field])
		d.change(http.MethodPut, path, object{field: true})
		assert.Equal(t, true, d.get(path)[field])
		machine["name"], machine["size"], machine[field] = "p", 1, true
		pool := d.get("/instance-pool/" + d.change(http.MethodPost, "/instance-pool", machine))
		assert.Equal(t, true, pool[field])
		member := pool["instances"].([]any)[0].(object)["id"].(string)
		assert.Equal(t, true, d.get("/instance/" + member)[field])
	})
}
