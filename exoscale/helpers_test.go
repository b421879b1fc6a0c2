package exoscale_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/exoscale"
)

const (
	key    = "EXOtestkey000000000000000000"
	secret = "test-secret-to-be-hidden"
	base   = "http://api.test:8929/v2"
	poolID = "11111111-1111-4111-8111-111111111111"

	poolURL  = "=~^http://api\\.test:8929/v2/instance-pool/" + poolID + "$"
	scaleURL = "=~:scale$"
	opURL    = "=~/operation/"
	listURL  = "=~/v2/instance(\\?|$)"
	poolsURL = base + "/instance-pool"
	nlbURL   = base + "/load-balancer"
)

// newClient returns a client whose requests go to the transport.
func newClient(tb testing.TB, transport http.RoundTripper, change ...func(*exoscale.Config)) *exoscale.Client {
	tb.Helper()
	cfg := exoscale.Config{Key: key, Secret: secret, Zone: "at-vie-1", Endpoint: base, Transport: transport}
	for _, f := range change {
		f(&cfg)
	}
	client, err := exoscale.New(cfg)
	require.NoError(tb, err)
	return client
}

// reply answers with JSON.
func reply(status int, body string) httpmock.Responder {
	return httpmock.NewStringResponder(status, body).HeaderSet(http.Header{"Content-Type": {"application/json"}})
}

// limited refuses with a Retry-After header.
func limited(status int, retryAfter string) httpmock.Responder {
	return reply(status, `{"message":"slow down"}`).HeaderSet(http.Header{"Retry-After": {retryAfter}, "Content-Type": {"application/json"}})
}

// faulty answers with each responder once, then with the last one forever.
func faulty(first httpmock.Responder, more ...httpmock.Responder) httpmock.Responder {
	// Responders run on goroutines of their own.
	var mu sync.Mutex
	queue := append([]httpmock.Responder{first}, more...)
	return func(req *http.Request) (*http.Response, error) {
		mu.Lock()
		next := queue[0]
		if len(queue) > 1 {
			queue = queue[1:]
		}
		mu.Unlock()
		return next(req)
	}
}

// silence never answers: only the caller's patience ends it.
func silence(req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return nil, req.Context().Err()
}

// cut sends half an answer and breaks the connection.
func cut(*http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK,
		Header:     http.Header{"Content-Type": {"application/json"}},
		Body:       io.NopCloser(io.MultiReader(strings.NewReader(`{"instances":[`), broken{})),
	}, nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// within ends after d, in virtual time when called in a bubble.
func within(tb testing.TB, d time.Duration) context.Context {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), d)
	tb.Cleanup(cancel)
	return ctx
}
