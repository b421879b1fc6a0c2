package exoapi_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

func TestBadFieldsAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		template := *templateID(t, client)
		_, err := client.RegisterSSHKey(t.Context(), zone, "k", publicKey)
		require.NoError(t, err)
		titan, err := client.FindInstanceType(t.Context(), zone, "titan")
		require.NoError(t, err)
		good := map[string]any{
			"name": "n", "size": 1, "disk-size": 10,
			"instance-type": map[string]any{"id": strings.ToUpper(microID), "size": "whatever", "cpus": nil},
			"template":      map[string]any{"id": template, "created-at": "0001-01-01T00:00:00Z"},
			"elastic-ips":   []any{}, "unknown-field": true,
		}
		for field, values := range map[string]map[string]any{
			"name":                 {"required": nil, "1 to 255": "", "1 to 255 ": strings.Repeat("x", 256), "a string": 1},
			"size":                 {"required": nil, "between 1": 0, "integer": "1", "must be between": int64(1) << 40},
			"disk-size":            {"required": nil, "between 10": 9, "between 10 ": 51201, "must not exceed 200": 201},
			"instance-type":        {"required": nil, "an object": "x", "instance-type.id is required": ref{}, "UUID": ref{"id": "x"}, "not found": ref{"id": unknownID}, "not authorized": ref{"id": *titan.ID}},
			"template":             {"required": nil, "not found": ref{"id": unknownID}},
			"instance-prefix":      {"1 to 30": "", "1 to 30 ": strings.Repeat("x", 31), "letters": "a_b"},
			"min-available":        {"must be between": -1, "below min-available": 2},
			"description":          {"not be null": nil, "0 to 255": strings.Repeat("x", 256)},
			"user-data":            {"1 to 32768": "", "1 to 32768 ": strings.Repeat("A", 32772), "base64": "#cloud-config"},
			"labels":               {"an object of strings": []any{}, "not be null": nil, "labels.a must be a string": ref{"a": nil}, "object of strings": ref{"a": 1}},
			"ssh-key":              {"SSH key nobody": ref{"name": "nobody"}, "an object": "k"},
			"ssh-keys":             {"SSH key nobody": []any{ref{"name": "nobody"}}, "name is required": []any{ref{}}, "array of objects": []any{"k"}, "names k twice": []any{ref{"name": "k"}, ref{"name": "k"}}},
			"security-groups":      {"security group " + unknownID: []any{ref{"id": unknownID}}, "array": ref{}, "id is required": []any{nil}, "twice": []any{ref{"id": unknownID}, ref{"id": unknownID}}},
			"anti-affinity-groups": {"anti-affinity group " + unknownID: []any{ref{"id": unknownID}}},
			"private-networks":     {"private network": []any{ref{"id": unknownID}}},
			"elastic-ips":          {"elastic IP": []any{ref{"id": unknownID}}},
			"deploy-target":        {"deploy target": ref{"id": unknownID}},
			"ipv6-enabled":         {"a boolean": "yes", "not be null": nil},
			"public-ip-assignment": {"not be null": nil, "one of inet4, dual, none": "inet6"},
		} {
			for message, value := range values {
				spoilt := maps.Clone(good)
				spoilt[field] = value
				body, err := json.Marshal(spoilt)
				require.NoError(t, err)
				got := call(t, cloud, http.MethodPost, "/v2/instance-pool", string(body))
				assert.Contains(t, []int{400, 403, 404}, got.status, "%s: %v", field, value)
				assert.Contains(t, got.message(), strings.TrimSpace(message), "%s: %v", field, value)
			}
		}
		assert.Empty(t, cloud.Pools(), "what is refused leaves no trace")
		body, err := json.Marshal(good)
		require.NoError(t, err)
		assert.Equal(t, 200, call(t, cloud, http.MethodPost, "/v2/instance-pool", string(body)).status)
	})
}

type ref map[string]any

func TestBodyMustBeAJSONObject(t *testing.T) {
	cloud := newCloud(t, exoapi.Config{})
	for _, body := range []string{"null", "[]", "1", `"x"`, "{", "{} {}", "\xff", `{"name":}`} {
		got := call(t, cloud, http.MethodPost, "/v2/security-group", body)
		assert.Equal(t, 400, got.status, body)
		assert.Equal(t, "bad request: the body is not a JSON object", got.message())
	}
}

func TestInstanceNamesAreHostNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		i := newInstance(t, client)
		for _, name := range []string{"a_b", "a b", "ä", "a.b"} {
			got := call(t, cloud, http.MethodPut, "/v2/instance/"+*i.ID, `{"name":"`+name+`"}`)
			assert.Equal(t, 400, got.status, name)
		}
		dual := call(t, cloud, http.MethodPut, "/v2/instance/"+*i.ID, `{"public-ip-assignment":"dual"}`)
		assert.Equal(t, 200, dual.status)
		got := call(t, cloud, http.MethodGet, "/v2/instance/"+*i.ID, "")
		assert.NotEmpty(t, got.body["ipv6-address"])
		back := call(t, cloud, http.MethodPut, "/v2/instance/"+*i.ID, `{"public-ip-assignment":"inet4"}`)
		assert.Equal(t, 400, back.status)
	})
}
