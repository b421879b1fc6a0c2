package exoapi_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

func TestInstantOperationsHaveSucceededInTheirFirstAnswer(t *testing.T) {
	t.Parallel()
	cloud, client := start(t, exoapi.Config{Timing: exoapi.Timing{Instant: true}})
	template := *templateID(t, client)
	referred := func(a answer) string {
		require.Equal(t, http.StatusOK, a.status, a.message())
		require.Equal(t, "success", a.body["state"], a.body)
		reference, _ := a.body["reference"].(map[string]any)
		return fmt.Sprint(reference["id"])
	}

	pool := referred(call(t, cloud, http.MethodPost, "/v2/instance-pool", fmt.Sprintf(
		`{"name": "web", "size": 3, "disk-size": 10, "instance-type": {"id": %q}, "template": {"id": %q}}`, microID, template)))
	balancer := referred(call(t, cloud, http.MethodPost, "/v2/load-balancer", `{"name": "web"}`))
	referred(call(t, cloud, http.MethodPost, "/v2/load-balancer/"+balancer+"/service", fmt.Sprintf(
		`{"name": "web", "instance-pool": {"id": %q}, "protocol": "tcp", "strategy": "round-robin", "port": 80, "target-port": 80,
		  "healthcheck": {"mode": "tcp", "port": 80}}`, pool)))
	referred(call(t, cloud, http.MethodPut, "/v2/instance-pool/"+pool+":scale", `{"size": 2}`))
	assert.Equal(t, "running", cloud.Pools()[0].State)
	assert.Len(t, cloud.Instances(), 2)
	for _, health := range cloud.Balancers()[0].Services[0].Health {
		assert.EqualValues(t, "success", health, "members have booted, too")
	}
	referred(call(t, cloud, http.MethodDelete, "/v2/load-balancer/"+balancer, ""))
	referred(call(t, cloud, http.MethodDelete, "/v2/instance-pool/"+pool, ""))
	assert.Empty(t, cloud.Inventory())
}

func TestInstantClustersAreThereAtOnce(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t, exoapi.Config{Timing: exoapi.Timing{Instant: true}})
	change := func(method, path, body string) string {
		op := call(t, cloud, method, "/v2/"+path, body)
		require.Equal(t, "success", op.body["state"], "%s %s: %v", method, path, op.body)
		return op.body["reference"].(object)["id"].(string)
	}
	path := "sks-cluster/" + change(http.MethodPost, "sks-cluster", `{"name": "a", "level": "pro", "version": "1.35.2"}`)
	change(http.MethodPut, path, `{"name": "b"}`)
	change(http.MethodPut, path+"/upgrade", `{"version": "1.36.1"}`)
	nodepool := path + "/nodepool/" + change(http.MethodPost, path+"/nodepool", fmt.Sprintf(
		`{"name": "a", "size": 1, "disk-size": 20, "instance-type": {"id": %q}}`, smallID))
	change(http.MethodDelete, nodepool, "")
	change(http.MethodDelete, path, "")
	assert.Empty(t, cloud.Inventory())
}

func TestInstantOperationsThatFailStartPending(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t, exoapi.Config{Timing: exoapi.Timing{Instant: true}})
	for name, end := range map[string]string{exoapi.FaultOperationFails: "failure", exoapi.FaultOperationStuck: "pending"} {
		_, err := cloud.Faults().Add(exoapi.Fault{Name: name, Count: 1})
		require.NoError(t, err)
		op := call(t, cloud, http.MethodPost, "/v2/anti-affinity-group", fmt.Sprintf(`{"name": %q}`, name))
		assert.Equal(t, "pending", op.body["state"], name)
		assert.Equal(t, end, call(t, cloud, http.MethodGet, "/v2/operation/"+fmt.Sprint(op.body["id"]), "").body["state"], name)
	}
}
