package exoapi_test

import (
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/exoscale/egoscale/v2/api"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

// access makes one exchange on each route that leads into an instance.
func (d dialogue) access() {
	id := d.change(http.MethodPost, "/instance", object{
		"instance-type": object{"id": smallID}, "template": object{"id": d.first("/template", "templates")}, "disk-size": 10,
	})
	path := "/instance/" + id
	d.get("/console/" + id)
	d.get(path + ":password")
	d.change(http.MethodPut, path+":reset-password", nil)
	d.change(http.MethodPut, path+":stop", nil)
	d.change(http.MethodPost, path+":enable-tpm", nil)
	require.Equal(d.t, true, d.get(path)["tpm-enabled"])
	d.change(http.MethodDelete, path, nil)
}

func TestPasswordStaysUntilItIsReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		i := newInstance(t, client)
		first, err := client.RevealInstancePassword(t.Context(), zone, i)
		require.NoError(t, err)
		assert.NotEmpty(t, first)
		again, err := client.RevealInstancePassword(t.Context(), zone, i)
		require.NoError(t, err)
		assert.Equal(t, first, again)

		d := dialogue{t: t, cloud: cloud, transport: cloud.Transport()}
		d.change(http.MethodPut, "/instance/"+*i.ID+":reset-password", nil)
		second, err := client.RevealInstancePassword(t.Context(), zone, i)
		require.NoError(t, err)
		assert.NotEqual(t, first, second)
		assert.NotContains(t, d.get("/instance/"+*i.ID), "password")
	})
}

func TestPasswordIsForgottenAfterADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		i := newInstance(t, client)
		time.Sleep(23 * time.Hour)
		_, err := client.RevealInstancePassword(t.Context(), zone, i)
		require.NoError(t, err)
		time.Sleep(time.Hour)
		_, err = client.RevealInstancePassword(t.Context(), zone, i)
		require.ErrorIs(t, err, api.ErrNotFound)

		d := dialogue{t: t, cloud: cloud, transport: cloud.Transport()}
		d.change(http.MethodPut, "/instance/"+*i.ID+":reset-password", nil)
		_, err = client.RevealInstancePassword(t.Context(), zone, i)
		require.NoError(t, err)
	})
}

func TestTPMIsEnabledWhileTheInstanceIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		i := newInstance(t, client)
		path := "/instance/" + *i.ID
		got := call(t, cloud, http.MethodPost, "/v2"+path+":enable-tpm", "")
		assert.NotEqual(t, http.StatusOK, got.status)
		require.NoError(t, client.StopInstance(t.Context(), zone, i))
		d := dialogue{t: t, cloud: cloud, transport: cloud.Transport()}
		assert.Equal(t, false, d.get(path)["tpm-enabled"])
		d.change(http.MethodPost, path+":enable-tpm", nil)
		assert.Equal(t, true, d.get(path)["tpm-enabled"])
	})
}

func TestConsoleLeadsToNoRealHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		i := newInstance(t, client)
		d := dialogue{t: t, cloud: cloud, transport: cloud.Transport()}
		console := d.get("/console/" + *i.ID)
		u, err := url.Parse(console["url"].(string))
		require.NoError(t, err)
		assert.Equal(t, console["host"], u.Host)
		assert.Equal(t, console["path"], u.RequestURI())
		assert.Equal(t, "console-"+zone+".invalid", u.Host)
		assert.NotEqual(t, console, d.get("/console/"+*i.ID), "each is for one use")
		require.NoError(t, client.StopInstance(t.Context(), zone, i))
		assert.NotEqual(t, http.StatusOK, call(t, cloud, http.MethodGet, "/v2/console/"+*i.ID, "").status)
	})
}

func TestWaysIntoAnUnknownInstanceAreNotFound(t *testing.T) {
	cloud := newCloud(t, exoapi.Config{})
	for path, method := range map[string]string{
		"/v2/console/" + unknownID:                      http.MethodGet,
		"/v2/deploy-target/" + unknownID:                http.MethodGet,
		"/v2/instance/" + unknownID + ":password":       http.MethodGet,
		"/v2/instance/" + unknownID + ":reset-password": http.MethodPut,
		"/v2/instance/" + unknownID + ":enable-tpm":     http.MethodPost,
	} {
		assert.Equal(t, http.StatusNotFound, call(t, cloud, method, path, "").status, path)
	}
}

func TestDeprecatedCallsNameTheirSuccessor(t *testing.T) {
	cloud := newCloud(t, exoapi.Config{})
	got := call(t, cloud, http.MethodPost, "/v2/access-key", "{}")
	assert.Equal(t, http.StatusNotImplemented, got.status)
	assert.Equal(t, "POST /v2/access-key is not emulated (create-access-key): access keys are deprecated, use /api-key", got.message())
}
