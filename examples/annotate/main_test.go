package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMarksWhatHappened(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	var path, body string
	grafana := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		path, body = r.URL.Path, string(content)
		_, _ = io.WriteString(w, `{"id": 1}`)
		cancel()
	}))
	t.Cleanup(grafana.Close)

	require.NoError(t, run(ctx, grafana.URL, "secret", "a new version"))

	assert.Equal(t, "/api/annotations", path)
	assert.Contains(t, body, "a new version")
}
