package exoapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

func TestCallsAreCountedByClient(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t, exoapi.Config{})
	for _, userAgent := range []string{
		"egoscale/1.2 (go1.26; linux/amd64)", "egoscale/1.2", "", "\tTerraform/1 egoscale/1.2", "zoné/1", strings.Repeat("x", 101),
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1/v2/zone", http.NoBody)
		require.NoError(t, err)
		req.Header.Set("User-Agent", userAgent)
		resp, err := cloud.Transport().RoundTrip(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
	}
	calls := cloud.Calls()
	assert.Equal(t, 6, calls.ByOperation["list-zones"])
	assert.Equal(t, map[string]map[string]int{"egoscale/1.2": {"list-zones": 2}, "Terraform/1": {"list-zones": 1}}, calls.ByClient)
}

func TestClientsThatAreCountedAreBounded(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t, exoapi.Config{})
	for i := range 150 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1/v2/zone", http.NoBody)
		require.NoError(t, err)
		req.Header.Set("User-Agent", fmt.Sprintf("c/%d", i))
		resp, err := cloud.Transport().RoundTrip(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
	}
	assert.Len(t, cloud.Calls().ByClient, 100)
	assert.Equal(t, 150, cloud.Calls().Total)
}
