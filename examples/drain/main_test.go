package main

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAsksUntilNoConnectionIsLeft(t *testing.T) {
	t.Parallel()
	open := 3
	member := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		open--
		assert.Equal(t, "198.51.100.0/28", r.URL.Query().Get("checks"))
		fmt.Fprintf(w, `{"draining": true, "connections": %d}`, open)
	}))
	t.Cleanup(member.Close)
	port := member.Listener.Addr().(*net.TCPAddr).Port

	var out bytes.Buffer
	require.NoError(t, run(t.Context(), "127.0.0.1", "198.51.100.0/28", port, time.Millisecond, &out))
	assert.Equal(t, "2 connections\n1 connections\n0 connections\nonce the load balancer calls it unhealthy, it may go\n", out.String())
	require.Error(t, run(t.Context(), "127.0.0.1", "everywhere", port, time.Millisecond, &out))
}
