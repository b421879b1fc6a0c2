package main

import (
	"encoding/base64"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/fakecloud"
)

func TestUserDataOfEachKindOfMachineIsChecked(t *testing.T) {
	t.Parallel()
	cloud, err := fakecloud.Start(t.Context(), fakecloud.Config{Speed: 100})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, cloud.Close()) })
	api := cloud.API()
	var found struct {
		Templates []struct{ ID string }
		Types     []struct{ ID string } `json:"instance-types"`
	}
	for _, path := range []string{"/v2/template", "/v2/instance-type"} {
		require.NoError(t, api.Call(t.Context(), http.MethodGet, path, nil, &found))
	}
	machine := func(name, userData string) map[string]any {
		return map[string]any{
			"name": name, "disk-size": 10, "instance-type": map[string]any{"id": found.Types[0].ID},
			"template": map[string]any{"id": found.Templates[0].ID}, "user-data": base64.StdEncoding.EncodeToString([]byte(userData)),
		}
	}
	pool := machine("web", "#!/bin/bash\nset -e\ndocker run -d --restart=always -p 8081:8080 app\n")
	pool["size"] = 2
	id, err := api.Do(t.Context(), http.MethodPost, "/v2/instance-pool", pool)
	require.NoError(t, err)
	nlb, err := api.Do(t.Context(), http.MethodPost, "/v2/load-balancer", map[string]any{"name": "nlb"})
	require.NoError(t, err)
	_, err = api.Do(t.Context(), http.MethodPost, "/v2/load-balancer/"+nlb+"/service", map[string]any{
		"name": "http", "instance-pool": map[string]any{"id": id}, "port": 80, "target-port": 8080, "protocol": "tcp", "strategy": "round-robin",
		"healthcheck": map[string]any{"mode": "http", "port": 8080, "uri": "/health"},
	})
	require.NoError(t, err)
	_, err = api.Do(t.Context(), http.MethodPost, "/v2/instance", machine("monitoring", "apt-get install prometheus\n"))
	require.NoError(t, err)

	var texts, seen string
	for _, a := range userDataAdvice(api) {
		texts, seen = texts+a.Text+"\n", seen+a.Seen+"\n"
	}
	assert.Contains(t, texts, "user-data of the members: ")
	assert.NotContains(t, texts, "web-")
	assert.Contains(t, texts, "user-data of monitoring: ")
	assert.Contains(t, texts, "port 8080, which the load balancer's health check asks")
	assert.Contains(t, seen, "no rule opens 8081")
}
