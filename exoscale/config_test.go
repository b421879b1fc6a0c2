package exoscale_test

import (
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/exoscale"
	"github.com/exopool/exopool/sweep"
)

// quick is for calls that must not wait.
func quick(c *exoscale.Config) {
	c.Retries = -1
	c.PollInterval, c.OperationTimeout = time.Millisecond, 5*time.Millisecond
}

func TestNewReportsAllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := exoscale.New(exoscale.Config{
		Secret: "two words", Zone: "evil.test/", Endpoint: "ftp://x", Timeout: -1, Retries: 11, PollInterval: -1, OperationTimeout: -1,
	})

	require.Error(t, err)
	for _, text := range []string{
		"Key is missing", "Secret contains white space", `Zone is "evil.test/"`, `Endpoint is "ftp://x"`,
		"Retries is 11: set it to at most 10", "Timeout is -1ns", "PollInterval is -1ns", "OperationTimeout is -1ns",
	} {
		assert.ErrorContains(t, err, text)
	}
	assert.NotContains(t, err.Error(), "two words")
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*exoscale.Config)
		says   string
	}{
		"no secret":                   {func(c *exoscale.Config) { c.Secret = "" }, "Secret is missing"},
		"a key with a line end":       {func(c *exoscale.Config) { c.Key += "\n" }, "Key contains"},
		"a key with a comma":          {func(c *exoscale.Config) { c.Key += ",x" }, "Key contains"},
		"no zone":                     {func(c *exoscale.Config) { c.Zone = "" }, "set it to a name such as at-vie-1"},
		"a zone that is another host": {func(c *exoscale.Config) { c.Zone = "x.evil.test#" }, "set it to a name such as at-vie-1"},
		"an endpoint without a host":  {func(c *exoscale.Config) { c.Endpoint = "http:///v2" }, "Endpoint is"},
		"an endpoint without scheme":  {func(c *exoscale.Config) { c.Endpoint = "127.0.0.1:8929/v2" }, "Endpoint is"},
		"an endpoint with a query":    {func(c *exoscale.Config) { c.Endpoint = "http://h/v2?x=1" }, "Endpoint is"},
		"an endpoint with a password": {func(c *exoscale.Config) { c.Endpoint = "http://u:hidden@h/v2" }, "user name or password"},
		"an unreadable endpoint":      {func(c *exoscale.Config) { c.Endpoint = "http://u:hidden@h:port/v2" }, "no web address"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := exoscale.Config{Key: key, Secret: secret, Zone: "at-vie-1"}
			test.change(&cfg)

			_, err := exoscale.New(cfg)

			require.ErrorContains(t, err, test.says)
			for _, hidden := range []string{key, secret, "hidden"} {
				assert.NotContains(t, err.Error(), hidden)
			}
		})
	}
}

func TestRemediesAreThoseOfTheProgram(t *testing.T) {
	t.Parallel()
	remedies := exoscale.Remedies{Unauthorized: "ask the owner of the key", Unreachable: "plug it in", PoolNotFound: "look it up"}
	for name, test := range map[string]struct {
		answer httpmock.Responder
		remedy string
	}{
		"wrong key":  {reply(401, `{}`), remedies.Unauthorized},
		"no answer":  {httpmock.NewErrorResponder(syscall.ECONNREFUSED), remedies.Unreachable},
		"wrong pool": {reply(404, `{}`), remedies.PoolNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mock := httpmock.NewMockTransport()
			mock.RegisterResponder("GET", poolURL, test.answer)
			client := newClient(t, mock, func(cfg *exoscale.Config) { cfg.Remedies, cfg.Retries = remedies, -1 })
			_, err := client.Lister().Pool(t.Context(), poolID)
			assert.ErrorContains(t, err, ": "+test.remedy)
		})
	}
}

func TestMetricsCountEveryAttempt(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewPedanticRegistry()
	mock := httpmock.NewMockTransport()
	mock.RegisterResponder("GET", listURL, faulty(reply(429, `{}`).HeaderSet(http.Header{"Retry-After": {"0"}}), reply(200, `{"instances":[]}`)))
	mock.RegisterResponder("GET", poolURL, reply(404, `{}`))
	mock.RegisterResponder("GET", poolsURL, reply(299, `{}`))
	mock.RegisterResponder("GET", nlbURL, reply(200, `{"load-balancers":[]}`))
	mock.RegisterResponder("PUT", scaleURL, reply(200, pending))
	mock.RegisterResponder("GET", opURL, reply(200, success))
	client := newClient(t, mock, func(c *exoscale.Config) { c.Registerer, c.PollInterval = reg, time.Millisecond })

	_, err := members(t.Context(), client)
	require.NoError(t, err)
	_, err = client.Pool(poolID).Status(t.Context())
	require.Error(t, err)
	_, err = client.ResolvePool(t.Context(), "web")
	require.Error(t, err)
	_, err = client.Lister().Backends(t.Context())
	require.NoError(t, err)
	require.NoError(t, client.Pool(poolID).Resize(t.Context(), 2))

	require.NoError(t, testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP exopool_exoscale_api_requests_total Requests sent to the Exoscale API, by operation and status code; code none means that no answer came.
# TYPE exopool_exoscale_api_requests_total counter
exopool_exoscale_api_requests_total{code="200",operation="get-operation"} 1
exopool_exoscale_api_requests_total{code="200",operation="list-instances"} 2
exopool_exoscale_api_requests_total{code="200",operation="list-load-balancers"} 2
exopool_exoscale_api_requests_total{code="200",operation="scale-instance-pool"} 1
exopool_exoscale_api_requests_total{code="404",operation="get-instance-pool"} 1
exopool_exoscale_api_requests_total{code="429",operation="list-instances"} 1
exopool_exoscale_api_requests_total{code="other",operation="list-instance-pools"} 1
`), "exopool_exoscale_api_requests_total"))
	count, err := testutil.GatherAndCount(reg, "exopool_exoscale_api_request_duration_seconds")
	require.NoError(t, err)
	assert.Equal(t, 6, count, "one histogram per operation")
	problems, err := testutil.GatherAndLint(reg)
	require.NoError(t, err)
	assert.Empty(t, problems)
}

func TestTwoClientsCannotShareARegisterer(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	cfg := exoscale.Config{Key: key, Secret: secret, Zone: "at-vie-1", Registerer: reg}
	_, err := exoscale.New(cfg)
	require.NoError(t, err)

	_, err = exoscale.New(cfg)

	require.ErrorContains(t, err, "register the API metrics")
}

func TestReadOnlyClientSendsNoWrites(t *testing.T) {
	t.Parallel()
	mock := httpmock.NewMockTransport()
	mock.RegisterResponder("GET", listURL, reply(200, `{"instances":[]}`))
	client := newClient(t, mock, func(c *exoscale.Config) { c.ReadOnly = true })

	err := client.Pool(poolID).Resize(t.Context(), 3)
	require.ErrorIs(t, err, autoscale.ErrRefused)
	require.ErrorContains(t, err, "only reads")
	require.Error(t, client.Account().Delete(t.Context(), sweep.Resource{Kind: sweep.Instance, ID: poolID}))
	assert.Zero(t, mock.GetTotalCallCount())

	_, err = members(t.Context(), client)
	require.NoError(t, err)
}
