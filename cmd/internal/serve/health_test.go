package serve_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/cloudtest"
	"github.com/exopool/exopool/cmd/internal/serve"
)

func TestHealthIsThatOfTheServiceOnThisHost(t *testing.T) {
	t.Parallel()
	addr, _, _ := start(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	_, port, err := net.SplitHostPort(addr)
	require.NoError(t, err)
	for _, host := range []string{"127.0.0.1", "", "0.0.0.0", "localhost"} {
		require.NoError(t, serve.CheckHealth(t.Context(), net.JoinHostPort(host, port), "/healthz", false), host)
	}
	require.ErrorContains(t, serve.CheckHealth(t.Context(), addr, "/readyz", false), "503 Service Unavailable")
	require.Error(t, serve.CheckHealth(t.Context(), addr, "/healthz", true), "it speaks no TLS")
	require.Error(t, serve.CheckHealth(t.Context(), "", "/healthz", false))
}

func TestHealthOfAServiceThatHasEnded(t *testing.T) {
	t.Parallel()
	addr, stop, done := start(t, func(http.ResponseWriter, *http.Request) {})
	stop()
	require.NoError(t, <-done)
	require.Error(t, serve.CheckHealth(t.Context(), addr, "/healthz", false))
}

func TestHealthOverTLSNeedsNoTrust(t *testing.T) {
	t.Parallel()
	cert, key, _ := cloudtest.Certificate(t)
	pair, err := serve.LoadKeypair(cert, key)
	require.NoError(t, err)
	listener, err := serve.Listen(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- serve.Run(ctx, listener, serve.Config{
			Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }),
			Logger:  slog.New(slog.DiscardHandler), Keypair: pair,
		})
	}()
	assert.NoError(t, serve.CheckHealth(t.Context(), listener.Addr().String(), "/healthz", true))
	cancel()
	require.NoError(t, <-ended)
}
