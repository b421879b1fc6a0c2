package control_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/fakecloud/control"
)

const token = "a token"

// newServer returns the address of the control API of a new cloud.
func newServer(t *testing.T) string {
	t.Helper()
	cloud, err := exoapi.New(exoapi.Config{KeepChanges: true})
	require.NoError(t, err)
	t.Cleanup(cloud.Close)
	require.NoError(t, cloud.Call(t.Context(), http.MethodGet, "/v2/zone", nil, nil))
	server := httptest.NewServer(control.NewHandler(cloud, token))
	t.Cleanup(server.Close)
	return server.URL
}

func TestClientAndServer(t *testing.T) {
	t.Parallel()
	client := &control.Client{URL: newServer(t), Token: token}
	ctx := t.Context()

	calls, err := client.Calls(ctx)
	require.NoError(t, err)
	assert.Equal(t, map[string]int{"list-zones": 1}, calls.ByOperation)

	exchanges, err := client.Exchanges(ctx, 0)
	require.NoError(t, err)
	require.Len(t, exchanges, 1)
	assert.Equal(t, "list-zones", exchanges[0].Operation)
	assert.Equal(t, 200, exchanges[0].Status)

	latency := control.Fault{Name: exoapi.FaultLatency, Operation: "list-zones", Count: 2, Duration: time.Second}
	latency.Number, err = client.AddFault(ctx, latency)
	require.NoError(t, err)
	partial := control.Fault{Name: exoapi.FaultPartialList, Operation: exoapi.AnyOperation, Keep: 1}
	partial.Number, err = client.AddFault(ctx, partial)
	require.NoError(t, err)
	active, err := client.Faults(ctx)
	require.NoError(t, err)
	assert.ElementsMatch(t, []control.Fault{latency, partial}, active)

	require.NoError(t, client.RemoveFault(ctx, latency.Number))
	require.NoError(t, client.RemoveFault(ctx, latency.Number), "it has been removed already")
	active, err = client.Faults(ctx)
	require.NoError(t, err)
	assert.Equal(t, []control.Fault{partial}, active)
	require.NoError(t, client.ClearFaults(ctx))
	active, err = client.Faults(ctx)
	require.NoError(t, err)
	assert.Empty(t, active)

	require.NoError(t, client.SetSpeed(ctx, 2.5))
	clock, err := client.Clock(ctx)
	require.NoError(t, err)
	assert.InDelta(t, 2.5, clock.Speed, 0)
	assert.Positive(t, clock.Passed)
	assert.Empty(t, clock.Fixed)
	require.ErrorContains(t, client.SetSpeed(ctx, 0), "is not a number from 0.000001")

	state, err := client.Save(ctx)
	require.NoError(t, err)
	require.NoError(t, client.Reset(ctx))
	emptied, err := client.Save(ctx)
	require.NoError(t, err)
	assert.NotEqual(t, state, emptied)
	require.NoError(t, client.Load(ctx, state))
	again, err := client.Save(ctx)
	require.NoError(t, err)
	assert.Equal(t, state, again)
	require.ErrorContains(t, client.Load(ctx, []byte("{}")), "this is not a state that fakecloud has saved")

	_, err = client.AddFault(ctx, control.Fault{Name: "nonsense"})
	assert.ErrorContains(t, err, "nonsense")
	client.Token = "another"
	_, err = client.Faults(ctx)
	assert.EqualError(t, err, "wrong token: FAKECLOUD_TOKEN belongs into the header Authorization, after Bearer")
}

func TestBadRequests(t *testing.T) {
	t.Parallel()
	url := newServer(t)
	for name, test := range map[string]struct{ method, path, body string }{
		"no JSON":      {http.MethodPost, "faults", "{"},
		"too large":    {http.MethodPost, "faults", `{"name": "` + strings.Repeat("x", 1<<17) + `"}`},
		"not a number": {http.MethodDelete, "faults/x", ""},
		"no speed":     {http.MethodPut, "clock", "20"},
		"no time":      {http.MethodPut, "clock", `{"speed": 0}`},
		"no exchange":  {http.MethodGet, "exchanges", ""},
		"below zero":   {http.MethodGet, "exchanges?after=-1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req, err := http.NewRequestWithContext(t.Context(), test.method, url+control.Path+test.path, strings.NewReader(test.body))
			require.NoError(t, err)
			req.Header.Set("Authorization", "Bearer "+token)
			resp, err := http.DefaultClient.Do(req)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			assert.Equal(t, http.StatusBadRequest, resp.StatusCode)
		})
	}
}

func TestANameIsToldToBeAnAddress(t *testing.T) {
	t.Parallel()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, newServer(t)+control.Path, http.NoBody)
	require.NoError(t, err)
	req.Host = "localhost:8929"
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	said, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Equal(t, http.StatusForbidden, resp.StatusCode)
	assert.Contains(t, string(said), "use the address in FAKECLOUD_URL")
}
