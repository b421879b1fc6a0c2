package exoapi_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/exopool/exopool/fake/exoapi"
)

func TestManyClientsAtOnce(t *testing.T) {
	cloud := newCloud(t, exoapi.Config{
		Timing: exoapi.Timing{Speed: 1e4},
		Quotas: map[string]int{"instance": -1},
	})
	ctx, cancel := context.WithCancel(t.Context())
	var background, clients sync.WaitGroup
	background.Go(func() { cloud.Run(ctx) })
	template := call(t, cloud, http.MethodGet, "/v2/template", "").body["templates"].([]any)[0].(map[string]any)["id"]
	for n := range 8 {
		clients.Go(func() {
			body := fmt.Sprintf(`{"name":"p%d","size":2,"disk-size":10,"instance-type":{"id":%q},"template":{"id":%q}}`,
				n, microID, template)
			op := call(t, cloud, http.MethodPost, "/v2/instance-pool", body)
			id := op.body["reference"].(map[string]any)["id"].(string)
			for size := range 20 {
				// Refusals because the pool is busy are fine.
				status := call(t, cloud, http.MethodPut, "/v2/instance-pool/"+id+":scale",
					fmt.Sprintf(`{"size":%d}`, 1+size%4)).status
				assert.Contains(t, []int{200, 409}, status)
				assert.Equal(t, 200, call(t, cloud, http.MethodGet, "/v2/instance?manager-id="+id, "").status)
				assert.Equal(t, 200, call(t, cloud, http.MethodGet, "/v2/instance-pool", "").status)
				for _, p := range cloud.Pools() {
					assert.LessOrEqual(t, len(p.Members), 4)
				}
				cloud.Calls()
				cloud.Faults().List()
			}
		})
	}
	clients.Wait()
	assert.Eventually(t, func() bool {
		for _, p := range cloud.Pools() {
			if p.State != "running" || len(p.Members) != p.Size {
				return false
			}
		}
		return true
	}, 10*time.Second, time.Millisecond)
	cancel()
	background.Wait()
}

func TestKeysComeAndGoWhileOthersSign(t *testing.T) {
	cloud := newCloud(t, exoapi.Config{})
	role := call(t, cloud, http.MethodPost, "/v2/iam-role", `{"name":"r","policy":`+ruled("allow", "true")+`}`)
	body := fmt.Sprintf(`{"name":"k","role-id":%q}`, role.body["reference"].(map[string]any)["id"])
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for range 10 {
				key := call(t, cloud, http.MethodPost, "/v2/api-key", body).body
				client := newClientWith(t, cloud, key["key"].(string), key["secret"].(string))
				_, err := client.ListInstances(t.Context(), zone)
				assert.NoError(t, err)
				assert.Equal(t, 200, call(t, cloud, http.MethodDelete, "/v2/api-key/"+key["key"].(string), "").status)
				_, err = client.ListInstances(t.Context(), zone)
				assert.ErrorContains(t, err, "unknown API key")
			}
		})
	}
	clients.Wait()
	assert.NotContains(t, cloud.Inventory(), "api-key")
}
