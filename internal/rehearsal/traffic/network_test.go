package traffic_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/rehearsal/traffic"
)

// deadline bounds every wait of a test that uses real sockets.
const deadline = 10 * time.Second

func TestEveryRequestHasItsOwnConnectionAndNoneIsLost(t *testing.T) {
	var served, connections atomic.Int64
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		served.Add(1)
		_, err := w.Write([]byte("OK"))
		assert.NoError(t, err)
	}))
	srv.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	srv.Start()
	defer srv.Close()

	p, err := traffic.New(traffic.Config{URL: srv.URL + "/load", Period: 20 * time.Millisecond})
	require.NoError(t, err)
	p.SetClients(10)
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	require.Eventually(t, func() bool { return p.Stats().Requests >= 50 }, deadline, time.Millisecond)
	p.Stop()
	require.NoError(t, <-done)
	require.NoError(t, ctx.Err(), "it ended by itself")

	stats := p.Stats()
	assert.Empty(t, stats.ErrorSamples)
	assert.Zero(t, stats.InFlight)
	assert.EqualValues(t, served.Load(), stats.Requests)
	assert.Equal(t, served.Load(), connections.Load())
}

func TestAnswersUnderWayAreCountedAfterStop(t *testing.T) {
	arrived, release := make(chan struct{}, 10), make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-release
	}))
	defer srv.Close()
	p, err := traffic.New(traffic.Config{URL: srv.URL, Period: time.Millisecond})
	require.NoError(t, err)
	p.SetClients(10)
	done := make(chan error, 1)
	ctx := t.Context()
	go func() { done <- p.Run(ctx) }()
	for range 10 {
		await(t, arrived)
	}
	p.Stop()
	close(release)
	require.NoError(t, <-done)
	assert.Equal(t, traffic.Stats{Requests: 10}, p.Stats())
}

func TestEndOfContextBreaksConnections(t *testing.T) {
	arrived, broken := make(chan struct{}, 1), make(chan struct{}, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		assert.NoError(t, http.NewResponseController(w).Flush(), "the headers are out, the body hangs")
		arrived <- struct{}{}
		<-r.Context().Done()
		broken <- struct{}{}
	}))
	defer srv.Close()
	p, err := traffic.New(traffic.Config{URL: srv.URL, Period: time.Hour})
	require.NoError(t, err)
	p.SetClients(1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	await(t, arrived)
	cancel()
	require.NoError(t, <-done)
	await(t, broken)
	assert.Equal(t, traffic.Stats{Abandoned: 1}, p.Stats())
}

func await(t *testing.T, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(deadline):
		t.Fatalf("nothing came within %s", deadline)
	}
}
