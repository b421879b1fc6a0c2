package serve_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/serve"
)

func start(t *testing.T, handler http.HandlerFunc) (addr string, stop func(), done <-chan error) {
	t.Helper()
	listener, err := serve.Listen(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	ended := make(chan error, 1)
	go func() {
		ended <- serve.Run(ctx, listener, serve.Config{Handler: handler, Logger: slog.New(slog.DiscardHandler)})
	}()
	return listener.Addr().String(), cancel, ended
}

func TestPortInUseIsReportedWithTheRemedy(t *testing.T) {
	first, err := serve.Listen(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	defer first.Close()
	_, err = serve.Listen(t.Context(), first.Addr().String())
	require.ErrorContains(t, err, "choose another port")
	require.ErrorContains(t, err, first.Addr().String())
}

func TestRequestInFlightIsAnsweredAfterTheStop(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	addr, stop, done := start(t, func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-leave
		fmt.Fprint(w, "late")
	})
	answer := make(chan string, 1)
	go func() {
		resp, err := http.Get("http://" + addr)
		if !assert.NoError(t, err) {
			close(answer)
			return
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		assert.NoError(t, err)
		answer <- string(body)
	}()
	<-entered
	stop()
	close(leave)
	assert.Equal(t, "late", <-answer)
	require.NoError(t, <-done)
}

func TestSilentConnectionDoesNotHoldUpTheStop(t *testing.T) {
	addr, stop, done := start(t, http.NotFound)
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	defer conn.Close()
	resp, err := http.Get("http://" + addr) // the server has seen both
	require.NoError(t, err)
	resp.Body.Close()
	before := time.Now()
	stop()
	require.NoError(t, <-done)
	assert.Less(t, time.Since(before), time.Second)
}

func TestListenerThatBreaksIsAnError(t *testing.T) {
	listener, err := serve.Listen(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	listener.Close()
	require.Error(t, serve.Run(t.Context(), listener, serve.Config{Handler: http.NotFoundHandler(), Logger: slog.New(slog.DiscardHandler)}))
}
