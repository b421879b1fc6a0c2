package exoscale_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/exoscale"
)

const (
	pending = `{"id":"22222222-2222-4222-8222-222222222222","state":"pending"}`
	success = `{"id":"22222222-2222-4222-8222-222222222222","state":"success"}`
	failure = `{"id":"22222222-2222-4222-8222-222222222222","state":"failure","reason":"unavailable","message":"no room left"}`
)

func TestStatus(t *testing.T) {
	t.Parallel()
	const (
		ours   = `{"id":"a","state":"running","manager":{"id":"` + poolID + `","type":"instance-pool"}}`
		more   = `{"id":"b","state":"running","manager":{"id":"` + poolID + `","type":"instance-pool"}}`
		others = `{"id":"c","manager":{"id":"33333333-3333-4333-8333-333333333333","type":"instance-pool"}}`
		alone  = `{"id":"d"}`
	)
	type members = []autoscale.Member
	a, b := autoscale.Member{ID: "a", State: autoscale.MemberRunning}, autoscale.Member{ID: "b", State: autoscale.MemberRunning}
	tests := map[string]struct {
		pool, instances string
		want            autoscale.Status
		says            string
	}{
		"plain":                        {`{"id":"` + poolID + `","size":1,"state":"running","instances":[{"id":"a"}]}`, `{"instances":[` + ours + `]}`, autoscale.Status{Size: 1, Members: members{a}, State: "running"}, ""},
		"members the pool omits count": {`{"id":"` + poolID + `","size":1,"state":"scaling-down","instances":[{"id":"a"}]}`, `{"instances":[` + ours + `,` + more + `]}`, autoscale.Status{Size: 1, Members: members{a, b}, State: "scaling-down"}, ""},
		"the pool's own list counts":   {`{"id":"` + poolID + `","size":2,"state":"scaling-up","instances":[{"id":"a"},{"id":"b"}]}`, `{"instances":[` + ours + `]}`, autoscale.Status{Size: 2, Members: members{a, {ID: "b"}}, State: "scaling-up"}, ""},
		"other instances do not count": {`{"id":"` + poolID + `","size":1,"state":"running"}`, `{"instances":[` + ours + `,` + others + `,` + alone + `]}`, autoscale.Status{Size: 1, Members: members{a}, State: "running"}, ""},
		"listed twice is one member":   {`{"id":"` + poolID + `","size":1,"state":"running","instances":[{"id":"a"},{"id":"a"}]}`, `{"instances":[` + ours + `,` + ours + `]}`, autoscale.Status{Size: 1, Members: members{a}, State: "running"}, ""},
		"an unknown state":             {`{"id":"` + poolID + `","size":0,"state":"degraded","instances":[]}`, `{"instances":[]}`, autoscale.Status{State: "degraded"}, ""},
		"no size":                      {`{"id":"` + poolID + `","state":"running"}`, `{"instances":[]}`, autoscale.Status{}, "size is missing"},
		"no state":                     {`{"id":"` + poolID + `","size":1}`, `{"instances":[]}`, autoscale.Status{}, "state is missing"},
		"nothing":                      {`{}`, `{"instances":[]}`, autoscale.Status{}, "about another pool"},
		"another pool":                 {`{"id":"33333333-3333-4333-8333-333333333333","size":1,"state":"running"}`, `{"instances":[]}`, autoscale.Status{}, "about another pool"},
		"no members list":              {`{"id":"` + poolID + `","size":1,"state":"running"}`, `{}`, autoscale.Status{}, "instances is missing"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mock := httpmock.NewMockTransport()
			mock.RegisterResponder("GET", nlbURL, reply(200, `{"load-balancers":[]}`))
			mock.RegisterResponder("GET", poolURL, reply(200, test.pool))
			mock.RegisterResponder("GET", listURL, reply(200, test.instances))

			got, err := newClient(t, mock).Pool(poolID).Status(t.Context())

			assert.Equal(t, test.want, got)
			if test.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.says)
			assert.NotContains(t, err.Error(), poolID, "the caller names the pool")
		})
	}
}

// Another client changes the size while the members are listed. A step from the
// size before that would undo the change.
func TestStatusReadsTheSizeLast(t *testing.T) {
	t.Parallel()
	size := "1"
	mock := httpmock.NewMockTransport()
	mock.RegisterResponder("GET", nlbURL, reply(200, `{"load-balancers":[]}`))
	mock.RegisterResponder("GET", listURL, func(req *http.Request) (*http.Response, error) {
		size = "4"
		return reply(200, `{"instances":[]}`)(req)
	})
	mock.RegisterResponder("GET", poolURL, func(req *http.Request) (*http.Response, error) {
		return reply(200, `{"id":"`+poolID+`","size":`+size+`,"state":"running"}`)(req)
	})

	got, err := newClient(t, mock).Pool(poolID).Status(t.Context())

	require.NoError(t, err)
	assert.Equal(t, 4, got.Size)
}

func TestStatusOfAPoolThatIsGone(t *testing.T) {
	t.Parallel()
	mock := httpmock.NewMockTransport()
	mock.RegisterResponder("GET", nlbURL, reply(200, `{"load-balancers":[]}`))
	mock.RegisterResponder("GET", listURL, reply(200, `{"instances":[]}`))
	mock.RegisterResponder("GET", poolURL, reply(404, `{"message":"Not Found"}`))

	_, err := newClient(t, mock).Pool(poolID).Status(t.Context())

	require.ErrorIs(t, err, autoscale.ErrPoolNotFound)
	assert.ErrorContains(t, err, "zone at-vie-1")
	assert.ErrorContains(t, err, "check the id of the pool")
}

func TestResizeWaitsUntilTheOperationIsDone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var sent string
		mock := httpmock.NewMockTransport()
		mock.RegisterResponder("PUT", scaleURL, func(req *http.Request) (*http.Response, error) {
			body, err := io.ReadAll(req.Body)
			sent = string(body)
			if err != nil {
				return nil, err
			}
			return reply(200, pending)(req)
		})
		mock.RegisterResponder("GET", opURL, faulty(reply(200, pending), reply(500, `{}`), reply(200, pending), reply(200, success)))
		start := time.Now()

		require.NoError(t, newClient(t, mock).Pool(poolID).Resize(within(t, time.Minute), 3))

		assert.JSONEq(t, `{"size":3}`, sent)
		assert.Equal(t, 9*time.Second, time.Since(start), "three polls, each 3 s after the one before")
	})
}

func TestResizeReturnsAtOnceWhenTheOperationIs(t *testing.T) {
	t.Parallel()
	mock := httpmock.NewMockTransport()
	mock.RegisterResponder("PUT", scaleURL, reply(200, success))

	require.NoError(t, newClient(t, mock).Pool(poolID).Resize(t.Context(), 3))

	assert.Equal(t, 1, mock.GetTotalCallCount())
}

// What the size is to be was decided on a reading of the pool, which may no
// longer be true when a request is repeated.
func TestResizeIsSentOnce(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		answer httpmock.Responder
		again  bool // the caller may ask again
		wait   time.Duration
	}{
		"rate limit":             {reply(429, `{}`), true, 0},
		"rate limit with a time": {limited(429, "7"), true, 7 * time.Second},
		"server error":           {reply(500, `{}`), true, 0},
		"maintenance":            {limited(503, "9"), true, 9 * time.Second},
		"not implemented":        {reply(501, `{}`), false, 0},
		"conflict":               {reply(409, `{}`), false, 0},
		"connection refused":     {httpmock.NewErrorResponder(syscall.ECONNREFUSED), true, 0},
		"connection lost":        {cut, true, 0},
		"no answer":              {silence, true, 0},
		"no JSON":                {reply(200, `<html>`), false, 0},
		"operation failed":       {reply(200, failure), false, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				mock := httpmock.NewMockTransport()
				mock.RegisterResponder("PUT", scaleURL, test.answer)

				err := newClient(t, mock).Pool(poolID).Resize(within(t, time.Hour), 2)

				require.Error(t, err)
				assert.Equal(t, 1, mock.GetTotalCallCount())
				var repeatable interface{ RetryAfter() time.Duration }
				require.Equal(t, test.again, errors.As(err, &repeatable), "%v", err)
				if test.again {
					assert.Equal(t, test.wait, max(repeatable.RetryAfter(), 0))
				}
			})
		})
	}
}

func TestErrorOfAResizeSaysWhetherItMayHaveHappened(t *testing.T) {
	t.Parallel()
	refusal := func(status int) []httpmock.Responder {
		return []httpmock.Responder{reply(status, `{"message":"the API's words"}`)}
	}
	lost := httpmock.NewErrorResponder(io.EOF)
	tests := map[string]struct {
		scale []httpmock.Responder
		poll  httpmock.Responder
		is    error // nil: the outcome is unknown
		says  string
	}{
		"bad request":                           {refusal(400), nil, autoscale.ErrRefused, "400 Bad Request: the API's words"},
		"wrong key":                             {refusal(401), nil, autoscale.ErrRefused, "check the key"},
		"forbidden, such as by a quota":         {refusal(403), nil, autoscale.ErrRefused, "403 Forbidden: the API's words"},
		"conflict":                              {refusal(409), nil, autoscale.ErrRefused, "409 Conflict: the API's words"},
		"unprocessable":                         {refusal(422), nil, autoscale.ErrRefused, "422 Unprocessable Entity: the API's words"},
		"locked":                                {refusal(423), nil, autoscale.ErrRefused, "423 Locked: the API's words"},
		"pool gone":                             {refusal(404), nil, autoscale.ErrPoolNotFound, "zone at-vie-1"},
		"rate limit":                            {refusal(429), nil, autoscale.ErrRefused, "429 Too Many Requests: the API's words"},
		"answer lost":                           {[]httpmock.Responder{lost}, nil, nil, "cannot be reached"},
		"rate limit of a look at the operation": {[]httpmock.Responder{reply(200, pending)}, limited(429, "3600"), nil, "it asks to wait 1h0m0s"},
		"unusual refusal":                       {refusal(418), nil, nil, "418 I'm a teapot"},
		"server error":                          {refusal(500), nil, nil, "500 Internal Server Error: the API's words"},
		"unreachable":                           {[]httpmock.Responder{httpmock.NewErrorResponder(syscall.ECONNREFUSED)}, nil, nil, "cannot be reached"},
		"accepted otherwise":                    {refusal(202), nil, nil, "202 Accepted"},
		"operation without an id":               {[]httpmock.Responder{reply(200, `{"state":"pending"}`)}, nil, nil, "operation id is missing"},
		"operation without a state":             {[]httpmock.Responder{reply(200, `{"id":"x"}`)}, nil, nil, "operation state is missing"},
		"operation failed at once":              {[]httpmock.Responder{reply(200, failure)}, nil, nil, "ended as failure: unavailable no room left"},
		"operation failed":                      {[]httpmock.Responder{reply(200, pending)}, reply(200, failure), nil, "ended as failure: unavailable no room left"},
		"operation timed out":                   {[]httpmock.Responder{reply(200, pending)}, reply(200, `{"id":"x","state":"timeout"}`), nil, "ended as timeout"},
		"operation in an unknown state":         {[]httpmock.Responder{reply(200, pending)}, reply(200, `{"id":"x","state":"lost"}`), nil, "ended as lost"},
		"operation forgotten":                   {[]httpmock.Responder{reply(200, pending)}, reply(404, `{}`), nil, "wait for operation 22222222-2222-4222-8222-222222222222: 404 Not Found"},
		"key withdrawn during the operation":    {[]httpmock.Responder{reply(200, pending)}, reply(403, `{}`), nil, "wait for operation"},
		"operation never ends":                  {[]httpmock.Responder{reply(200, pending)}, reply(200, pending), nil, "still running after 2m0s"},
		"operation not to be asked for again":   {[]httpmock.Responder{reply(200, pending)}, lost, nil, "cannot be reached"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				mock := httpmock.NewMockTransport()
				mock.RegisterResponder("PUT", scaleURL, faulty(test.scale[0], test.scale[1:]...))
				mock.RegisterResponder("GET", opURL, test.poll)

				err := newClient(t, mock).Pool(poolID).Resize(within(t, time.Hour), 3)

				require.ErrorContains(t, err, test.says)
				assert.NotContains(t, err.Error(), poolID, "the caller names the pool")
				for _, promise := range []error{autoscale.ErrRefused, autoscale.ErrPoolNotFound} {
					assert.Equal(t, errors.Is(test.is, promise), errors.Is(err, promise), "is %v", promise)
				}
			})
		})
	}
}

func TestResizeEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mock := httpmock.NewMockTransport()
		mock.RegisterResponder("PUT", scaleURL, reply(200, pending))
		mock.RegisterResponder("GET", opURL, reply(200, pending))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Second, cancel)
		start := time.Now()

		err := newClient(t, mock).Pool(poolID).Resize(ctx, 3)

		require.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, 10*time.Second, time.Since(start))
	})
}

func TestResolvePool(t *testing.T) {
	t.Parallel()
	list := reply(200, `{"instance-pools":[{"id":"`+poolID+`","name":"web"},{"id":"x","name":"twin"},{"id":"y","name":"twin"},{"name":"nameless"},{}]}`)
	tests := map[string]struct {
		pools httpmock.Responder
		ask   string
		want  string
		calls int
		says  string
		gone  bool
	}{
		"an id needs no call":       {nil, poolID, poolID, 0, "", false},
		"an id is lower case":       {nil, "ABCDEF01-1111-4111-8111-111111111111", "abcdef01-1111-4111-8111-111111111111", 0, "", false},
		"a name is looked up":       {list, "web", poolID, 1, "", false},
		"a name in other case":      {list, "Web", "", 1, `no pool named "Web" in zone at-vie-1; there are: web, twin`, true},
		"no pools":                  {reply(200, `{"instance-pools":[]}`), "web", "", 1, "the zone has none", true},
		"two of the name":           {list, "twin", "", 1, `2 pools in zone at-vie-1 are named "twin": give the id of one: x, y`, false},
		"one without an id":         {list, "nameless", "", 1, "no pool named", true},
		"almost an id":              {list, "11111111-1111-4111-8111-11111111111g", "", 1, "no pool named", true},
		"dashes in the wrong place": {list, "111111111-111-4111-8111-111111111111", "", 1, "no pool named", true},
		"malformed":                 {reply(200, `{}`), "web", "", 1, "instance-pools is missing", false},
		"wrong key":                 {reply(401, `{}`), "web", "", 1, "check the key", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mock := httpmock.NewMockTransport()
			mock.RegisterResponder("GET", poolsURL, test.pools)

			got, err := newClient(t, mock).ResolvePool(t.Context(), test.ask)

			assert.Equal(t, test.want, got)
			assert.Equal(t, test.calls, mock.GetTotalCallCount())
			if test.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.says)
			if test.gone {
				assert.ErrorIs(t, err, autoscale.ErrPoolNotFound)
			} else {
				assert.NotErrorIs(t, err, autoscale.ErrPoolNotFound)
			}
		})
	}
}

func TestNoRequestLeavesForAnotherHostThanTheEndpoint(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ endpoint, want string }{
		"address and port":       {"http://127.0.0.1:8929/v2", "http://127.0.0.1:8929/v2/instance-pool"},
		"name and port":          {"http://localhost:8929/v2", "http://localhost:8929/v2/instance-pool"},
		"name without a port":    {"https://fakecloud/v2", "https://fakecloud/v2/instance-pool"},
		"IPv6":                   {"http://[::1]:8929/v2", "http://[::1]:8929/v2/instance-pool"},
		"slash at the end":       {"http://127.0.0.1:1/v2/", "http://127.0.0.1:1/v2/instance-pool"},
		"version left out":       {"http://127.0.0.1:1", "http://127.0.0.1:1/v2/instance-pool"},
		"prefix":                 {"http://127.0.0.1:1/z/at-vie-1/v2", "http://127.0.0.1:1/z/at-vie-1/v2/instance-pool"},
		"prefix without version": {"http://127.0.0.1:1/z", "http://127.0.0.1:1/z/v2/instance-pool"},
		"none":                   {"", "https://api-at-vie-1.exoscale.com/v2/instance-pool"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			mock := httpmock.NewMockTransport()
			mock.RegisterNoResponder(func(req *http.Request) (*http.Response, error) {
				got = append(got, req.URL.String())
				assert.Equal(t, req.URL.Host, req.Host)
				return reply(200, `{"instance-pools":[{"id":"`+poolID+`","name":"web"}]}`)(req)
			})

			_, err := newClient(t, mock, func(c *exoscale.Config) { c.Endpoint = test.endpoint }).ResolvePool(t.Context(), "web")

			require.NoError(t, err)
			assert.Equal(t, []string{test.want}, got)
		})
	}
}
