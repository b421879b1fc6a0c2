package exoapi_test

import (
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

func typesOf(t *testing.T, cloud *exoapi.Cloud) map[string]object {
	t.Helper()
	types := map[string]object{}
	for _, entry := range call(t, cloud, http.MethodGet, "/v2/instance-type", "").body["instance-types"].([]any) {
		v := entry.(object)
		types[v["family"].(string)+"."+v["size"].(string)] = v
	}
	return types
}

func TestInstanceTypes(t *testing.T) {
	types := typesOf(t, newCloud(t, exoapi.Config{}))
	assert.Len(t, types, 49)
	families, ids := map[string]int{}, map[any]bool{}
	authorized := []string{}
	for name, v := range types {
		families[v["family"].(string)]++
		ids[v["id"]] = true
		if v["authorized"] == true {
			authorized = append(authorized, name)
		}
		if v["gpus"] != nil {
			assert.Equal(t, false, v["authorized"], name)
		}
	}
	assert.Len(t, ids, 49)
	assert.Equal(t, map[string]int{
		"standard": 11, "storage": 5, "cpu": 6, "memory": 4, "gpu2": 4, "gpu3": 4, "gpua5000": 3, "gpu3080ti": 3, "gpua30": 4,
		"gpurtx6000pro": 4, "gpub300": 1,
	}, families)
	assert.ElementsMatch(t, []string{
		"standard.micro", "standard.tiny", "standard.small", "standard.medium", "standard.large", "standard.extra-large", "standard.huge",
		"storage.extra-large", "storage.huge", "cpu.extra-large", "cpu.huge", "memory.extra-large", "memory.huge",
	}, authorized)
	assert.Equal(t, object{
		"id": "011a5079-845d-467b-a660-8685dad1cb67", "family": "standard", "size": "jumbo", "cpus": 24.0, "memory": 230400.0 * (1 << 20),
		"authorized": false,
		"zones":      []any{"ch-dk-2", "de-fra-1", "hr-zag-1", "at-vie-2", "de-muc-1", "ch-gva-2", "at-vie-1", "bg-sof-1"},
	}, types["standard.jumbo"], "no gpus")
	assert.NotContains(t, types["storage.huge"]["zones"], "de-muc-1")
	assert.Equal(t, []any{"ch-gva-2"}, types["gpub300.huge"]["zones"])
	assert.EqualValues(t, 8, types["gpub300.huge"]["gpus"])
}

func TestZonesOfferTheirInstanceTypes(t *testing.T) {
	own := typesOf(t, newCloud(t, exoapi.Config{Zones: []string{"here-1", "de-muc-1"}}))
	assert.Len(t, own, 21, "neither storage nor GPUs")
	assert.Equal(t, []any{"de-muc-1", "here-1"}, own["cpu.huge"]["zones"])
	assert.Equal(t, []any{"at-vie-1"}, typesOf(t, newCloud(t, exoapi.Config{Zones: []string{"at-vie-1"}}))["gpu2.small"]["zones"])
}

func TestInstanceTypesAreRefusedWhereTheyAreNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := newCloud(t, exoapi.Config{DefaultZone: "de-muc-1"})
		d := dialogue{t: t, cloud: cloud, transport: cloud.Transport()}
		types := typesOf(t, cloud)
		machine := func(name string) object {
			return object{"instance-type": object{"id": types[name]["id"]}, "template": object{"id": d.first("/template", "templates")}, "disk-size": 10}
		}
		refused := d.call(http.StatusBadRequest, http.MethodPost, "/instance", machine("storage.huge"))
		assert.Contains(t, refused["message"], "storage.huge is not offered in zone de-muc-1")
		d.call(http.StatusForbidden, http.MethodPost, "/instance", machine("gpub300.huge"))
		d.change(http.MethodPost, "/instance", machine("memory.huge"))
	})
}

func TestScalingKeepsToFamiliesThatAreAlike(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := newCloud(t, exoapi.Config{})
		d := dialogue{t: t, cloud: cloud, transport: cloud.Transport()}
		types := typesOf(t, cloud)
		of := func(name string) object { return object{"instance-type": object{"id": types[name]["id"]}} }
		create := of("standard.extra-large")
		create["template"], create["disk-size"], create["auto-start"] = object{"id": d.first("/template", "templates")}, 801, false
		assert.Contains(t, d.call(http.StatusBadRequest, http.MethodPost, "/instance", create)["message"], "must not exceed 800")
		create["disk-size"] = 800
		path := "/instance/" + d.change(http.MethodPost, "/instance", create)
		for _, name := range []string{"cpu.huge", "memory.huge", "standard.huge"} {
			d.change(http.MethodPut, path+":scale", of(name))
		}
		refused := d.call(http.StatusBadRequest, http.MethodPut, path+":scale", of("storage.huge"))
		assert.Contains(t, refused["message"], "family standard cannot become one of family storage")

		create["instance-type"], create["disk-size"] = of("storage.extra-large")["instance-type"], 10000
		path = "/instance/" + d.change(http.MethodPost, "/instance", create)
		d.change(http.MethodPut, path+":scale", of("storage.huge"))
		d.call(http.StatusBadRequest, http.MethodPut, path+":scale", of("standard.huge"))
	})
}

// TestTemplatesOfTheOriginal holds what was recorded of whole families.
func TestTemplatesOfTheOriginal(t *testing.T) {
	cloud := newCloud(t, exoapi.Config{})
	byFamily := map[string][]string{}
	for _, entry := range call(t, cloud, http.MethodGet, "/v2/template", "").body["templates"].([]any) {
		v := entry.(object)
		family := v["family"].(string)
		byFamily[family] = append(byFamily[family], v["version"].(string))
		windows := family == "windows" || family == "windows server with sql"
		assert.Equal(t, windows, v["application-consistent-snapshot-enabled"], v["name"])
		assert.Equal(t, !windows, v["ssh-key-enabled"], v["name"])
		size := 10.0
		if windows {
			size = 50
		}
		assert.InDelta(t, size, v["size"].(float64)/(1<<30), 0, v["name"])
		assert.Equal(t, family != "debian" && family != "fedora coreos", v["boot-mode"] == "uefi", v["name"])
	}
	require.Equal(t, map[string][]string{
		"debian": {"12", "13"}, "ubuntu": {"20.04", "22.04", "24.04", "25.10", "26.04"}, "centos stream": {"9", "10"}, "fedora coreos": {"43", "44"},
		"opensuse": {"16.0"}, "rocky linux": {"9", "10"}, "windows": {"2022", "2025"}, "windows server with sql": {"2022", "2025"},
	}, byFamily)
}
