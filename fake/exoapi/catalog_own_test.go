package exoapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	egoscale "github.com/exoscale/egoscale/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

const ownCatalog = `{
	"instance-types": [
		{"family": "standard", "size": "nano", "cpus": 1, "memory": 268435456},
		{"id": "71004023-bb72-4a97-b1e9-bc66dfce9470", "family": "standard", "size": "micro", "cpus": 3, "memory": 1073741824,
		 "authorized": false, "zones": ["at-vie-1"]}
	],
	"templates": [
		{"name": "Linux Alpine 3 64-bit", "family": "alpine", "visibility": "private", "size": 1073741824},
		{"name": "Linux Ubuntu 24.04 LTS 64-bit", "id": "00000000-0000-4000-8000-000000000001", "default-user": "me"}
	]
}`

func TestOwnCatalogIsAddedOrTakesThePlaceOfTheSameName(t *testing.T) {
	t.Parallel()
	catalog, err := exoapi.ParseCatalog([]byte(ownCatalog))
	require.NoError(t, err)
	cloud, client := start(t, exoapi.Config{Catalog: catalog})

	types, err := client.ListInstanceTypes(t.Context(), zone)
	require.NoError(t, err)
	bySize := map[string]*egoscale.InstanceType{}
	for _, it := range types {
		if *it.Family == "standard" {
			assert.NotContains(t, bySize, *it.Size)
			bySize[*it.Size] = it
		}
	}
	assert.EqualValues(t, 268435456, *bySize["nano"].Memory)
	assert.True(t, *bySize["nano"].Authorized)
	assert.EqualValues(t, 3, *bySize["micro"].CPUs)
	assert.False(t, *bySize["micro"].Authorized)
	assert.Contains(t, bySize, "small", "the others stay")

	alpine, err := client.GetTemplateByName(t.Context(), zone, "Linux Alpine 3 64-bit", "private")
	require.NoError(t, err)
	assert.Equal(t, "alpine", *alpine.DefaultUser, "by its family")
	ubuntu, err := client.GetTemplateByName(t.Context(), zone, ubuntuName, "public")
	require.NoError(t, err)
	assert.Equal(t, "00000000-0000-4000-8000-000000000001", *ubuntu.ID)
	assert.Equal(t, "me", *ubuntu.DefaultUser)

	made := call(t, cloud, http.MethodPost, "/v2/instance", fmt.Sprintf(
		`{"disk-size": 10, "instance-type": {"id": %q}, "template": {"id": %q}}`, *bySize["nano"].ID, *alpine.ID))
	assert.Equal(t, http.StatusOK, made.status, made.message())
}

func TestCatalogsAreChecked(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		``:                        "",
		`{}`:                      "",
		`[]`:                      "the body is not a JSON object",
		`{"types": []}`:           "unknown field types",
		`{"templates": [{}]}`:     "templates[0].name is required",
		`{"templates": [null]}`:   "templates[0].name is required",
		`{"templates": {}}`:       "templates must be an array of objects",
		`{"instance-types": [3]}`: "instance-types must be an array of objects",
		`{"templates": [{"name": "x", "created-at": "now"}]}`:                                           "templates[0].created-at must be a date and time, such as 2026-01-14T09:00:00Z",
		`{"templates": [{"name": "x", "cpu": 1}]}`:                                                      "unknown field templates[0].cpu",
		`{"templates": [{"name": "x"}, {"name": "x"}]}`:                                                 "template x occurs twice",
		`{"templates": [{"name": "` + strings.Repeat("x", 256) + `"}]}`:                                 "templates[0].name must have 1 to 255 characters",
		`{"instance-types": [{"family": "a", "size": "b"}]}`:                                            "instance-types[0].cpus is required",
		`{"instance-types": [{"family": "a", "size": "b", "cpus": 0, "memory": 268435456}]}`:            "instance-types[0].cpus must be between 1 and 1024",
		`{"instance-types": [{"family": "a b", "size": "b", "cpus": 1, "memory": 268435456}]}`:          "instance-types[0].family must consist of letters, digits, '.', '_' and '-'",
		`{"instance-types": [{"id": "x", "family": "a", "size": "b", "cpus": 1, "memory": 268435456}]}`: "instance-types[0].id must be a UUID",
		`{"instance-types": [` + strings.Repeat(`{"family": "a"},`, 1000) + `{}]}`:                      "instance-types has more than 1000 entries",
	} {
		_, err := exoapi.ParseCatalog([]byte(text))
		if want == "" {
			assert.NoError(t, err, text)
			continue
		}
		assert.ErrorContains(t, err, want, text)
		assert.NotContains(t, err.Error(), "bad request", text)
	}
	_, err := exoapi.ParseCatalog(make([]byte, exoapi.MaxCatalog+1))
	require.EqualError(t, err, "the catalog is longer than 4 MiB")

	catalog, err := exoapi.ParseCatalog([]byte(`{"instance-types": [{"family": "a", "size": "b", "cpus": 1, "memory": 268435456, "zones": ["mars"]}]}`))
	require.NoError(t, err)
	_, err = exoapi.New(exoapi.Config{Catalog: catalog})
	assert.ErrorContains(t, err, `catalog: instance type a.b is in zone "mars", which is unknown`)
}

// FuzzParseCatalog makes a cloud of whatever is accepted.
func FuzzParseCatalog(f *testing.F) {
	for _, text := range []string{ownCatalog, `{}`, `{"templates": [{"name": "x"}]}`, `{"instance-types": null}`, `{"templates": [{"name": "x", "zones": ["a"]}]}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		catalog, err := exoapi.ParseCatalog(text)
		if err != nil {
			assert.NotEmpty(t, err.Error())
			return
		}
		cloud, err := exoapi.New(exoapi.Config{Catalog: catalog})
		if err != nil {
			assert.Contains(t, err.Error(), "catalog: ", "only its zones may be unknown")
			return
		}
		defer cloud.Close()
		assert.Equal(t, 200, call(t, cloud, http.MethodGet, "/v2/template", "").status)
		assert.Equal(t, 200, call(t, cloud, http.MethodGet, "/v2/instance-type", "").status)
	})
}
