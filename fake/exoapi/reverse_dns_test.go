package exoapi_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/exoscale/egoscale/v2/api"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

func TestReverseDNSOfAnInstanceIsKeptUntilDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := start(t, exoapi.Config{})
		ctx := t.Context()
		id := *newInstance(t, client).ID
		_, err := client.GetInstanceReverseDNS(ctx, zone, id)
		require.ErrorIs(t, err, api.ErrNotFound)
		require.ErrorIs(t, client.DeleteInstanceReverseDNS(ctx, zone, id), api.ErrNotFound)

		require.NoError(t, client.UpdateInstanceReverseDNS(ctx, zone, id, "a.example.com."))
		name, err := client.GetInstanceReverseDNS(ctx, zone, id)
		require.NoError(t, err)
		assert.Equal(t, "a.example.com.", name)
		require.NoError(t, client.UpdateInstanceReverseDNS(ctx, zone, id, "b.example.com"))
		name, err = client.GetInstanceReverseDNS(ctx, zone, id)
		require.NoError(t, err)
		assert.Equal(t, "b.example.com.", name, "it gets its final dot")

		require.NoError(t, client.DeleteInstanceReverseDNS(ctx, zone, id))
		_, err = client.GetInstanceReverseDNS(ctx, zone, id)
		require.ErrorIs(t, err, api.ErrNotFound)
	})
}

func TestReverseDNSNeedsADomainNameAndAPublicAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		path := "/v2/reverse-dns/instance/" + *newInstance(t, client).ID
		for _, name := range []string{"", ".", "a", "a..b", "a_b.c", strings.Repeat("a.", 127) + "a", strings.Repeat("a", 64) + ".b"} {
			got := call(t, cloud, http.MethodPost, path, `{"domain-name":"`+name+`"}`)
			assert.Equal(t, 400, got.status, name)
		}
		assert.Equal(t, 400, call(t, cloud, http.MethodPost, path, `{}`).status)
		assert.Equal(t, 404, call(t, cloud, http.MethodPost, "/v2/reverse-dns/instance/"+unknownID, `{"domain-name":"a.b"}`).status)

		hidden, err := cloud.Do(t.Context(), http.MethodPost, "/v2/instance", map[string]any{
			"disk-size": 10, "instance-type": ref{"id": microID}, "template": ref{"id": *templateID(t, client)},
			"public-ip-assignment": "none",
		})
		require.NoError(t, err)
		assert.Equal(t, 400, call(t, cloud, http.MethodPost, "/v2/reverse-dns/instance/"+hidden, `{"domain-name":"a.b"}`).status)
	})
}
