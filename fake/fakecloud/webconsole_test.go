package fakecloud_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestRootAndHealth: they need no token and no signature, and are no calls.
func TestRootAndHealth(t *testing.T) {
	t.Parallel()
	cloud, _ := startOnPaper(t)
	for path, want := range map[string]string{"/healthz": "ok\n", "/": "fakecloud env"} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			req, err := http.NewRequestWithContext(t.Context(), method, cloud.Connection().URL+path, http.NoBody)
			require.NoError(t, err)
			resp, err := http.DefaultClient.Do(req)
			require.NoError(t, err)
			text, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			assert.Equal(t, http.StatusOK, resp.StatusCode, "%s %s", method, path)
			assert.Equal(t, "text/plain; charset=utf-8", resp.Header.Get("Content-Type"))
			if method == http.MethodGet {
				assert.Contains(t, string(text), want)
				assert.NotContains(t, string(text), cloud.Connection().Token)
			}
		}
	}
	assert.Empty(t, cloud.Unsupported())
	assert.Zero(t, cloud.API().Calls().Total)
	assert.Equal(t, http.StatusNotImplemented, status(t, cloud.Connection().URL+"/healthz", map[string]string{"Host": "api-at-vie-1.exoscale.com"}))
}
