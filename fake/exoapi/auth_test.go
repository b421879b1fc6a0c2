package exoapi_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

func TestSignatureOfTheRealClientIsAccepted(t *testing.T) {
	cloud := newCloud(t, exoapi.Config{})
	for _, path := range []string{
		"/v2/instance",
		"/v2/template?visibility=public",
		"/v2/instance?manager-type=instance-pool&manager-id=" + unknownID,
		"/v2/template?family=a%20b%2Bc&visibility=public",
		"/v2/instance?ip-address=1&ip-address=2", // repeated names are not signed
		"/z/de-fra-1/v2/instance",
	} {
		assert.Equal(t, http.StatusOK, call(t, cloud, http.MethodGet, path, "").status, path)
	}
	// A colon stays a colon, and an escaped path is signed escaped.
	scaled := call(t, cloud, http.MethodPut, "/v2/instance-pool/"+unknownID+":scale", `{"size":1}`)
	assert.Equal(t, http.StatusNotFound, scaled.status)
	assert.Equal(t, http.StatusNotFound, call(t, cloud, http.MethodGet, "/v2/ssh-key/a%2Fb", "").status)
}

func TestRequestsThatAreNotProperlySignedAreRefused(t *testing.T) {
	cloud := newCloud(t, exoapi.Config{})
	header := func(old, replacement string) func(*http.Request) {
		return func(r *http.Request) {
			h := r.Header.Get("Authorization")
			require.Contains(t, h, old)
			r.Header.Set("Authorization", strings.Replace(h, old, replacement, 1))
		}
	}
	key, _ := cloud.Credential()
	for name, tc := range map[string]struct {
		status int
		spoil  func(*http.Request)
	}{
		"no header":           {401, func(r *http.Request) { r.Header.Del("Authorization") }},
		"another scheme":      {401, header("EXO2-HMAC-SHA256", "Bearer")},
		"no signature":        {401, header(",signature=", ",s=")},
		"signature no base64": {401, header(",signature=", ",signature=!")},
		"unknown key":         {403, header(key, "EXOffffffffffffffff")},
		"later expiry":        {403, header("expires=", "expires=1")},
		"another path":        {403, func(r *http.Request) { r.URL.Path = "/v2/instance-pool/" + unknownID }},
		"another zone":        {403, func(r *http.Request) { r.URL.Path = "/z/de-fra-1" + r.URL.Path }},
		"another method":      {403, func(r *http.Request) { r.Method = http.MethodDelete; r.URL.Path = "/v2/instance/" + unknownID }},
		"another body":        {403, func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(`{"size":9}`)) }},
		"another query":       {403, func(r *http.Request) { r.URL.RawQuery = "labels=a%3Dc" }},
		"more query":          {403, func(r *http.Request) { r.URL.RawQuery += "&manager-id=" + unknownID }},
		"less query":          {403, func(r *http.Request) { r.URL.RawQuery = "" }},
		"malformed query":     {400, func(r *http.Request) { r.URL.RawQuery = "a=%zz" }},
	} {
		t.Run(name, func(t *testing.T) {
			got := call(t, cloud, http.MethodGet, "/v2/instance?labels=a%3Db", "", tc.spoil)
			assert.Equal(t, tc.status, got.status)
			assert.NotEmpty(t, got.message())
		})
	}
}

func TestSignatureExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, _ := start(t, exoapi.Config{})
		late := func(*http.Request) { time.Sleep(10 * time.Minute) }
		assert.Equal(t, http.StatusForbidden, call(t, cloud, http.MethodGet, "/v2/instance", "", late).status)
		soon := func(*http.Request) { time.Sleep(10*time.Minute - time.Second) }
		assert.Equal(t, http.StatusOK, call(t, cloud, http.MethodGet, "/v2/instance", "", soon).status)
	})
}

func TestClientSeesWhyItWasRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, _ := start(t, exoapi.Config{Credentials: map[string]string{"EXOa": "secret"}})
		client := newClientWith(t, cloud, "EXOa", "guess")
		_, err := client.ListInstances(t.Context(), zone)
		require.ErrorContains(t, err, "invalid request signature")
		assert.NotContains(t, err.Error(), "secret")
	})
}

func TestZonesNeedNoSignature(t *testing.T) {
	cloud := newCloud(t, exoapi.Config{})
	got := call(t, cloud, http.MethodGet, "/v2/zone", "", func(r *http.Request) { r.Header.Del("Authorization") })
	assert.Equal(t, http.StatusOK, got.status)
}

func TestGeneratedCredentialsAreRepeatableFromASeed(t *testing.T) {
	one := newCloud(t, exoapi.Config{Seed: 7}).Credentials()
	assert.Equal(t, one, newCloud(t, exoapi.Config{Seed: 7}).Credentials())
	assert.NotEqual(t, one, newCloud(t, exoapi.Config{Seed: 8}).Credentials())
	assert.NotEqual(t, newCloud(t, exoapi.Config{}).Credentials(), newCloud(t, exoapi.Config{}).Credentials())
	for key := range one {
		assert.Regexp(t, `^EXO[0-9a-f]{24}$`, key)
	}
}

func TestZoneComesFromHostOrPath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		pool := newPool(t, client, 1) // an IP address says nothing: the default zone
		host := func(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }
		path := "/v2/instance-pool/" + *pool.ID
		assert.Equal(t, 200, call(t, cloud, http.MethodGet, path, "", host("api-at-vie-1.exoscale.com")).status)
		assert.Equal(t, 200, call(t, cloud, http.MethodGet, path, "", host("api-at-vie-1.exoscale.com:443")).status)
		assert.Equal(t, 404, call(t, cloud, http.MethodGet, path, "", host("api-de-fra-1.exoscale.com")).status)
		assert.Equal(t, 404, call(t, cloud, http.MethodGet, path, "", host("api-xx-1.exoscale.com")).status)
		assert.Equal(t, 200, call(t, cloud, http.MethodGet, "/z/at-vie-1"+path, "").status)
		assert.Equal(t, 404, call(t, cloud, http.MethodGet, "/z/de-fra-1"+path, "").status)
		assert.Equal(t, 404, call(t, cloud, http.MethodGet, "/z/nowhere"+path, "").status)
	})
}

func TestNewRefusesAnInvalidConfiguration(t *testing.T) {
	for name, cfg := range map[string]exoapi.Config{
		"empty key":         {Credentials: map[string]string{"": "s"}},
		"empty secret":      {Credentials: map[string]string{"EXOa": ""}},
		"zone twice":        {Zones: []string{"a", "a"}},
		"foreign default":   {Zones: []string{"a"}, DefaultZone: "b"},
		"negative speed":    {Timing: exoapi.Timing{Speed: -1}},
		"unknown quota":     {Quotas: map[string]int{"instances": 1}},
		"quota below minus": {Quotas: map[string]int{"instance": -2}},
	} {
		_, err := exoapi.New(cfg)
		require.ErrorContains(t, err, "configure cloud", name)
	}
}
