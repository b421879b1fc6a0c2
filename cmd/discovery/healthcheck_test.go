package main

import (
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/settings/settingstest"
)

func TestHealthcheckAsksWhereTheProgramListens(t *testing.T) {
	t.Parallel()
	var asked string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked = r.URL.Path }))
	defer server.Close()
	_, port, err := net.SplitHostPort(strings.TrimPrefix(server.URL, "http://"))
	require.NoError(t, err)
	env := settingstest.Env{
		"EXOSCALE_KEY": "EXOkey", "EXOSCALE_SECRET": "secret", "EXOSCALE_ZONE": "at-vie-1", "EXOSCALE_INSTANCEPOOL_ID": "web",
		"DISCOVERY_LISTEN": "0.0.0.0:" + port,
	}
	var out, errs bytes.Buffer
	assert.Zero(t, run(t.Context(), []string{"healthcheck"}, env.Get, &out, &errs), errs.String())
	assert.Equal(t, "/healthz", asked)
	server.Close()
	assert.Equal(t, 1, run(t.Context(), []string{"healthcheck"}, env.Get, &out, &errs))
	assert.Contains(t, errs.String(), "connection refused")
	env["DISCOVERY_LISTEN"] = "none"
	assert.Equal(t, 1, run(t.Context(), []string{"healthcheck"}, env.Get, &out, &errs))
	assert.Contains(t, errs.String(), "it listens nowhere")
	assert.Equal(t, 2, run(t.Context(), []string{"healthcheck", "-nope"}, env.Get, &out, &errs))
}
