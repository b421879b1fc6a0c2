package exoscale_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/discovery"
	"github.com/exopool/exopool/exoscale"
)

// members lists the members of the one pool.
func members(ctx context.Context, c *exoscale.Client) ([]discovery.Instance, error) {
	return c.Lister().Instances(ctx, []string{poolID})
}

func TestFaultsThatPassAreRepeated(t *testing.T) {
	t.Parallel()
	fine := reply(200, `{"instances":[]}`)
	down := reply(500, `{"message":"oops"}`)
	asked := func(value string) httpmock.Responder { return limited(429, value) }
	byItsClock := func(until, now string) httpmock.Responder {
		return reply(429, `{}`).HeaderSet(http.Header{
			"Retry-After": {"Fri, 31 Dec 1999 " + until + " GMT"}, "Date": {"Fri, 31 Dec 1999 " + now + " GMT"},
			"Content-Type": {"application/json"},
		})
	}
	tests := map[string]struct {
		answers []httpmock.Responder
		least   time.Duration
		most    time.Duration
	}{
		"server error":                        {[]httpmock.Responder{down, fine}, 250 * time.Millisecond, 500 * time.Millisecond},
		"three server errors, waits double":   {[]httpmock.Responder{down, down, down, fine}, 1750 * time.Millisecond, 3500 * time.Millisecond},
		"connection refused":                  {[]httpmock.Responder{httpmock.NewErrorResponder(syscall.ECONNREFUSED), fine}, 250 * time.Millisecond, 500 * time.Millisecond},
		"connection lost":                     {[]httpmock.Responder{httpmock.NewErrorResponder(io.EOF), fine}, 250 * time.Millisecond, 500 * time.Millisecond},
		"connection lost in the body":         {[]httpmock.Responder{cut, fine}, 250 * time.Millisecond, 500 * time.Millisecond},
		"no answer in time":                   {[]httpmock.Responder{silence, fine}, 10*time.Second + 250*time.Millisecond, 10*time.Second + 500*time.Millisecond},
		"rate limit without a time":           {[]httpmock.Responder{reply(429, `{}`), fine}, 250 * time.Millisecond, 500 * time.Millisecond},
		"rate limit with a time":              {[]httpmock.Responder{asked("7"), fine}, 7 * time.Second, 7 * time.Second},
		"rate limit with a time of day":       {[]httpmock.Responder{asked("Sat, 01 Jan 2000 00:00:09 GMT"), fine}, 9 * time.Second, 9 * time.Second},
		"rate limit by the server's clock":    {[]httpmock.Responder{byItsClock("01:00:09", "01:00:00"), fine}, 9 * time.Second, 9 * time.Second},
		"rate limit by a clock that is slow":  {[]httpmock.Responder{byItsClock("23:00:09", "23:00:00"), fine}, 9 * time.Second, 9 * time.Second},
		"rate limit with a time past":         {[]httpmock.Responder{asked("Fri, 31 Dec 1999 23:59:59 GMT"), fine}, 250 * time.Millisecond, 500 * time.Millisecond},
		"rate limit that asks for nothing":    {[]httpmock.Responder{asked("0"), fine}, 250 * time.Millisecond, 500 * time.Millisecond},
		"rate limit that asks for 30 s":       {[]httpmock.Responder{asked("30"), fine}, 30 * time.Second, 30 * time.Second},
		"maintenance with a time":             {[]httpmock.Responder{limited(503, "7"), fine}, 7 * time.Second, 7 * time.Second},
		"rate limit that asks for the absurd": {[]httpmock.Responder{asked("soon"), fine}, 250 * time.Millisecond, 500 * time.Millisecond},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				mock := httpmock.NewMockTransport()
				mock.RegisterResponder("GET", listURL, faulty(test.answers[0], test.answers[1:]...))
				start := time.Now()

				got, err := members(within(t, time.Hour), newClient(t, mock))

				require.NoError(t, err)
				assert.Empty(t, got)
				assert.Equal(t, len(test.answers), mock.GetTotalCallCount())
				assert.GreaterOrEqual(t, time.Since(start), test.least)
				assert.LessOrEqual(t, time.Since(start), test.most)
			})
		})
	}
}

func TestFaultsThatStayAreErrors(t *testing.T) {
	t.Parallel()
	boundless := func(*http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: http.StatusOK,
			Header:     http.Header{"Content-Type": {"application/json"}},
			Body:       io.NopCloser(endless(bytes.Repeat([]byte(" "), 1<<16))),
		}, nil
	}
	tests := map[string]struct {
		answer httpmock.Responder
		calls  int
		is     error
		says   []string
	}{
		"server error":         {reply(503, `{"message":"maintenance"}`), 4, nil, []string{"503 Service Unavailable: maintenance", "4 attempts"}},
		"rate limit":           {reply(429, `{"message":"slow down"}`), 4, autoscale.ErrRateLimited, []string{"429 Too Many Requests: slow down", "4 attempts"}},
		"not implemented":      {reply(501, `{"message":"no such call"}`), 1, nil, []string{"501 Not Implemented: no such call"}},
		"wrong key":            {reply(401, `{"message":"bad signature"}`), 1, exoscale.ErrUnauthorized, []string{"check the key, its secret and its role", "401 Unauthorized: bad signature"}},
		"role forbids":         {reply(403, `{"message":"Forbidden by role policy for compute"}`), 1, exoscale.ErrUnauthorized, []string{"role", "Forbidden by role policy for compute"}},
		"error as plain text":  {httpmock.NewStringResponder(400, "bad\n\trequest"), 1, nil, []string{"400 Bad Request: bad request"}},
		"error as a list":      {reply(422, `["a"]`), 1, nil, []string{`422 Unprocessable Entity: ["a"]`}},
		"redirect":             {httpmock.NewStringResponder(302, "").HeaderSet(http.Header{"Location": {"https://elsewhere.test/"}}), 1, nil, []string{"302 Found"}},
		"other success":        {reply(202, `{"instances":[]}`), 1, nil, []string{"202 Accepted"}},
		"unknown status":       {reply(299, `{}`), 1, nil, []string{"299"}},
		"connection refused":   {httpmock.NewErrorResponder(syscall.ECONNREFUSED), 4, exoscale.ErrUnreachable, []string{"connection refused", "4 attempts", "check the zone, the endpoint"}},
		"connection lost":      {cut, 4, exoscale.ErrUnreachable, []string{"unexpected EOF"}},
		"no answer":            {silence, 4, exoscale.ErrUnreachable, []string{"no answer within 10s", "4 attempts"}},
		"not JSON":             {reply(200, `<html>`), 1, nil, []string{"malformed answer", "invalid character"}},
		"cut JSON":             {reply(200, `{"instances":[{`), 1, nil, []string{"malformed answer"}},
		"empty":                {reply(200, ``), 1, nil, []string{"malformed answer"}},
		"null":                 {reply(200, `null`), 1, nil, []string{"instances is missing"}},
		"a list":               {reply(200, `[]`), 1, nil, []string{"malformed answer"}},
		"no list":              {reply(200, `{}`), 1, nil, []string{"instances is missing"}},
		"wrong content type":   {httpmock.NewStringResponder(200, `{"instances":[]}`).HeaderSet(http.Header{"Content-Type": {"text/html"}}), 1, nil, []string{"malformed answer", "text/html"}},
		"no content type":      {httpmock.NewStringResponder(200, `{"instances":[]}`), 1, nil, []string{"malformed answer"}},
		"far too long":         {boundless, 1, nil, []string{"malformed answer", "longer than 64 MiB"}},
		"member without an id": {reply(200, `{"instances":[{"manager":{"id":"`+poolID+`"}}]}`), 1, nil, []string{"instance id is missing"}},
		"bad time":             {reply(200, `{"instances":[{"id":"a","created-at":"yesterday"}]}`), 1, nil, []string{"malformed answer", "yesterday"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				mock := httpmock.NewMockTransport()
				mock.RegisterResponder("GET", listURL, test.answer)

				got, err := members(within(t, time.Hour), newClient(t, mock))

				require.Error(t, err)
				assert.Nil(t, got)
				assert.Equal(t, test.calls, mock.GetTotalCallCount())
				for _, text := range append(test.says, "list pool members") {
					assert.ErrorContains(t, err, text)
				}
				for _, sentinel := range []error{exoscale.ErrUnauthorized, exoscale.ErrUnreachable, autoscale.ErrRateLimited} {
					assert.Equal(t, errors.Is(test.is, sentinel), errors.Is(err, sentinel), "is %v", sentinel)
				}
				assert.NotErrorIs(t, err, autoscale.ErrPoolNotFound)
			})
		})
	}
}

// endless never reaches its end.
type endless []byte

func (e endless) Read(p []byte) (int, error) { return copy(p, e), nil }

func TestNoAttemptGoesPastTheCallersDeadline(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		answer httpmock.Responder
		calls  int
		says   string
	}{
		"while no answer comes":        {silence, 1, "cannot be reached"},
		"between two refused attempts": {httpmock.NewErrorResponder(syscall.ECONNREFUSED).Delay(2200 * time.Millisecond), 2, "connection refused (2 attempts): context deadline exceeded"},
		"after a refused attempt":      {faulty(httpmock.NewErrorResponder(syscall.ECONNREFUSED), silence), 2, "connection refused (2 attempts): context deadline exceeded"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				mock := httpmock.NewMockTransport()
				mock.RegisterResponder("GET", listURL, test.answer)
				start := time.Now()

				_, err := members(within(t, 5*time.Second), newClient(t, mock))

				require.ErrorIs(t, err, context.DeadlineExceeded)
				assert.ErrorContains(t, err, test.says)
				assert.Equal(t, 5*time.Second, time.Since(start))
				assert.Equal(t, test.calls, mock.GetTotalCallCount())
			})
		})
	}
}

// TestNoCallIsMadeBeforeTheTimeThatTheAPIAsksFor, by any call of the client.
func TestNoCallIsMadeBeforeTheTimeThatTheAPIAsksFor(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status int
		value  string
		wait   time.Duration
	}{
		"a minute":               {429, "60", time.Minute},
		"an hour":                {429, "3600", time.Hour},
		"an hour of maintenance": {503, "3600", time.Hour},
		"until a time of day":    {429, "Sat, 01 Jan 2000 00:05:00 GMT", 5 * time.Minute},
		"ages, which is a day":   {429, "99999999999999999999", 24 * time.Hour},
		"more than there is":     {429, "604800", 24 * time.Hour},
		"a century":              {429, "Sat, 01 Jan 2100 00:00:00 GMT", 24 * time.Hour},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				mock := httpmock.NewMockTransport()
				mock.RegisterResponder("GET", listURL, faulty(limited(test.status, test.value), reply(200, `{"instances":[]}`)))
				mock.RegisterResponder("PUT", scaleURL, reply(200, success))
				client, start := newClient(t, mock), time.Now()

				_, err := members(within(t, time.Minute), client)
				require.ErrorContains(t, err, "it asks to wait")
				assert.Zero(t, time.Since(start), "there is no point in waiting for it")
				_, err = members(t.Context(), client)
				require.ErrorIs(t, err, autoscale.ErrRateLimited)
				require.ErrorIs(t, err, autoscale.ErrRateLimited)
				require.NotErrorIs(t, err, exoscale.ErrUnreachable)
				assert.ErrorContains(t, err, start.Add(test.wait).UTC().Format(time.RFC3339))
				err = client.Pool(poolID).Resize(t.Context(), 3)
				require.ErrorIs(t, err, autoscale.ErrRateLimited)
				require.ErrorIs(t, err, autoscale.ErrRefused, "it was never sent")
				time.Sleep(test.wait - time.Nanosecond)
				_, err = members(t.Context(), client)
				require.ErrorIs(t, err, autoscale.ErrRateLimited)
				assert.Equal(t, 1, mock.GetTotalCallCount())

				time.Sleep(time.Nanosecond)
				_, err = members(t.Context(), client)
				require.NoError(t, err)
			})
		})
	}
}

func TestARateLimitIsNeverCalledUnreachable(t *testing.T) {
	t.Parallel()
	tests := map[string]httpmock.Responder{
		"then no answer":          silence,
		"then no connection":      httpmock.NewErrorResponder(syscall.ECONNREFUSED),
		"and so on":               limited(429, "1"),
		"then one that asks more": limited(429, "3600"),
	}
	for name, then := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				mock := httpmock.NewMockTransport()
				mock.RegisterResponder("GET", listURL, faulty(limited(429, "2"), then))

				_, err := members(within(t, 5*time.Second), newClient(t, mock))

				require.ErrorContains(t, err, "429 Too Many Requests: slow down")
				require.ErrorIs(t, err, autoscale.ErrRateLimited)
				assert.NotErrorIs(t, err, exoscale.ErrUnreachable)
				assert.NotContains(t, err.Error(), "cannot be reached")
			})
		})
	}
}

// TestACallThatIsOvertakenByARateLimit: its first attempt brings no answer,
// and before the next one another call has to wait.
func TestACallThatIsOvertakenByARateLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mock := httpmock.NewMockTransport()
		mock.RegisterResponder("GET", listURL, httpmock.NewErrorResponder(syscall.ECONNREFUSED))
		mock.RegisterResponder("PUT", scaleURL, limited(429, "60"))
		client := newClient(t, mock)
		time.AfterFunc(100*time.Millisecond, func() { assert.Error(t, client.Pool(poolID).Resize(t.Context(), 3)) })

		_, err := members(within(t, time.Minute), client)

		require.ErrorIs(t, err, autoscale.ErrRateLimited)
		assert.NotErrorIs(t, err, exoscale.ErrUnreachable)
		assert.Equal(t, 2, mock.GetTotalCallCount())
	})
}

func TestACancelledCallSaysOnlyThat(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mock := httpmock.NewMockTransport()
		mock.RegisterResponder("GET", listURL, reply(500, `{"message":"oops"}`))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, cancel)

		_, err := members(ctx, newClient(t, mock))

		require.ErrorIs(t, err, context.Canceled)
		assert.NotErrorIs(t, err, exoscale.ErrUnreachable)
	})
}

func TestNoRetriesWhenNegative(t *testing.T) {
	t.Parallel()
	mock := httpmock.NewMockTransport()
	mock.RegisterResponder("GET", listURL, reply(500, `{"message":"oops"}`))

	_, err := members(t.Context(), newClient(t, mock, func(c *exoscale.Config) { c.Retries = -1 }))

	require.ErrorContains(t, err, "500 Internal Server Error: oops")
	assert.Equal(t, 1, mock.GetTotalCallCount())
}

func TestErrorsNeverRepeatWhatRequestsAreSignedWith(t *testing.T) {
	t.Parallel()
	// An answer that repeats the request, as debugging proxies send it.
	echo := func(status int, media string) httpmock.Responder {
		return func(req *http.Request) (*http.Response, error) {
			resp := httpmock.NewStringResponse(status, "you sent "+req.Header.Get("Authorization")+" made with "+secret)
			resp.Header.Set("Content-Type", media)
			return resp, nil
		}
	}
	asJSON := func(req *http.Request) (*http.Response, error) {
		return reply(200, `{"instances":[{"created-at":"`+req.Header.Get("Authorization")+` `+secret+`"}]}`)(req)
	}
	for name, answer := range map[string]httpmock.Responder{
		"refusal as text":       echo(401, "text/plain"),
		"server error":          echo(500, "text/plain"),
		"success that is none":  echo(200, "application/json"),
		"value of a wrong type": asJSON,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var authorization string
				mock := httpmock.NewMockTransport()
				mock.RegisterResponder("GET", listURL, func(req *http.Request) (*http.Response, error) {
					authorization = req.Header.Get("Authorization")
					return answer(req)
				})

				_, err := members(within(t, time.Hour), newClient(t, mock))

				require.Error(t, err)
				_, signature, found := strings.Cut(authorization, "signature=")
				require.True(t, found)
				assert.NotContains(t, err.Error(), key)
				assert.NotContains(t, err.Error(), secret)
				assert.NotContains(t, err.Error(), signature)
			})
		})
	}
}

func TestErrorTextsAreShortAndOnOneLine(t *testing.T) {
	t.Parallel()
	mock := httpmock.NewMockTransport()
	mock.RegisterResponder("GET", listURL, httpmock.NewStringResponder(400, strings.Repeat("<p>\r\n\x1b[31mé\xff", 10_000)))

	_, err := members(t.Context(), newClient(t, mock))

	require.Error(t, err)
	assert.Less(t, len(err.Error()), 500)
	assert.NotContains(t, err.Error(), "\n")
	assert.NotContains(t, err.Error(), "\x1b")
}
