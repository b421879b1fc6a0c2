package exoscale_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
)

// status reads a pool with one member at 192.0.2.1, beside load balancers.
func status(t *testing.T, member string, balancers httpmock.Responder) autoscale.Status {
	t.Helper()
	mock := httpmock.NewMockTransport()
	mock.RegisterResponder("GET", nlbURL, balancers)
	mock.RegisterResponder("GET", listURL, reply(200, `{"instances":[{"id":"a","public-ip":"192.0.2.1","manager":{"id":"`+poolID+`"},`+member+`}]}`))
	mock.RegisterResponder("GET", poolURL, reply(200, `{"id":"`+poolID+`","size":1,"state":"running"}`))
	got, err := newClient(t, mock).Pool(poolID).Status(t.Context())
	require.NoError(t, err)
	require.Len(t, got.Members, 1)
	return got
}

func TestAMemberIsTranslated(t *testing.T) {
	t.Parallel()
	got := status(t, `"name":"web-1","state":"running","created-at":"2026-03-01T12:00:00Z","labels":{"exopool-protect":""}`,
		reply(200, `{"load-balancers":[]}`))
	assert.Equal(t, autoscale.Member{
		ID: "a", Name: "web-1", Address: netip.MustParseAddr("192.0.2.1"),
		Created: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), State: autoscale.MemberRunning, Protected: true,
	}, got.Members[0])
}

func TestMembersFromBeforeAChangeOfThePoolAreOutdated(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		pool, member string
		want         bool
	}{
		"the same":         {`"template":{"id":"t"},"instance-type":{"id":"m"}`, `"template":{"id":"T"},"instance-type":{"id":"m"}`, false},
		"another template": {`"template":{"id":"u"},"instance-type":{"id":"m"}`, `"template":{"id":"t"},"instance-type":{"id":"m"}`, true},
		"another type":     {`"template":{"id":"t"},"instance-type":{"id":"l"}`, `"template":{"id":"t"},"instance-type":{"id":"m"}`, true},
		"not shown":        {`"template":{"id":"t"},"instance-type":{"id":"l"}`, `"state":"running"`, false},
	} {
		mock := httpmock.NewMockTransport()
		mock.RegisterResponder("GET", nlbURL, reply(200, `{"load-balancers":[]}`))
		mock.RegisterResponder("GET", listURL, reply(200, `{"instances":[{"id":"a","manager":{"id":"`+poolID+`"},`+tt.member+`}]}`))
		mock.RegisterResponder("GET", poolURL, reply(200, `{"id":"`+poolID+`","size":1,"state":"running",`+tt.pool+`}`))
		got, err := newClient(t, mock).Pool(poolID).Status(t.Context())
		require.NoError(t, err)
		assert.Equal(t, tt.want, got.Members[0].Outdated, name)
	}
}

// TestSettingsTellPoolsApart by all that makes a member another one, and by nothing
// else.
func TestSettingsTellPoolsApart(t *testing.T) {
	t.Parallel()
	settings := func(pool string) string {
		mock := httpmock.NewMockTransport()
		mock.RegisterResponder("GET", nlbURL, reply(200, `{"load-balancers":[]}`))
		mock.RegisterResponder("GET", listURL, reply(200, `{"instances":[]}`))
		mock.RegisterResponder("GET", poolURL, reply(200, `{"id":"`+poolID+`","state":"running",`+pool+`}`))
		got, err := newClient(t, mock).Pool(poolID).Status(t.Context())
		require.NoError(t, err)
		return got.Settings
	}
	const same = `"template":{"id":"t"},"instance-type":{"id":"m"},"disk-size":10,"user-data":"c2VjcmV0"`
	first := settings(same + `,"size":1`)
	assert.Equal(t, first, settings(same+`,"size":2,"description":"another","name":"web"`))
	assert.NotContains(t, first, "c2VjcmV0")
	for _, other := range []string{
		`"template":{"id":"u"},"instance-type":{"id":"m"},"disk-size":10,"user-data":"c2VjcmV0"`,
		`"template":{"id":"t"},"instance-type":{"id":"l"},"disk-size":10,"user-data":"c2VjcmV0"`,
		`"template":{"id":"t"},"instance-type":{"id":"m"},"disk-size":20,"user-data":"c2VjcmV0"`,
		`"template":{"id":"t"},"instance-type":{"id":"m"},"disk-size":10,"user-data":"bmV3"`,
		`"template":{"id":"t"},"instance-type":{"id":"m"},"disk-size":10`,
	} {
		assert.NotEqual(t, first, settings(other+`,"size":1`), other)
	}
	assert.Empty(t, settings(`"instance-type":{"id":"m"},"disk-size":10,"user-data":"c2VjcmV0","size":1`), "an answer that lacks something")
}

func TestStatesOfMembers(t *testing.T) {
	t.Parallel()
	for state, want := range map[string]autoscale.MemberState{
		"starting": autoscale.MemberStarting, "expunging": autoscale.MemberLeaving, "migrating": autoscale.MemberRunning,
		"running": autoscale.MemberRunning, "stopping": autoscale.MemberStopping, "stopped": autoscale.MemberFailed,
		"destroying": autoscale.MemberLeaving, "destroyed": autoscale.MemberLeaving, "error": autoscale.MemberFailed,
		"of tomorrow": autoscale.MemberStarting,
	} {
		got := status(t, `"state":"`+state+`"`, reply(200, `{"load-balancers":[]}`))
		assert.Equal(t, want, got.Members[0].State, state)
	}
}

func TestHealthOfMembers(t *testing.T) {
	t.Parallel()
	const other = "33333333-3333-4333-8333-333333333333"
	service := func(pool string, results ...string) string {
		return `{"instance-pool":{"id":"` + pool + `"},"healthcheck-status":[` + strings.Join(results, ",") + `]}`
	}
	result := func(address, status string) string {
		return fmt.Sprintf(`{"public-ip":%q,"status":%q}`, address, status)
	}
	tests := map[string]struct {
		services []string
		want     autoscale.Health
	}{
		"no service":                  {nil, autoscale.HealthUnknown},
		"success":                     {[]string{service(poolID, result("192.0.2.1", "success"))}, autoscale.Healthy},
		"failure":                     {[]string{service(poolID, result("192.0.2.1", "failure"))}, autoscale.Unhealthy},
		"not checked yet":             {[]string{service(poolID, result("192.0.2.2", "success"))}, autoscale.Unhealthy},
		"the service of another pool": {[]string{service(other, result("192.0.2.1", "failure"))}, autoscale.HealthUnknown},
		"two services, one of which fails": {
			[]string{service(poolID, result("192.0.2.1", "success")), service(strings.ToUpper(poolID), result("192.0.2.1", "failure"))},
			autoscale.Unhealthy,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := `{"load-balancers":[{"id":"n","services":[` + strings.Join(tt.services, ",") + `]}]}`
			got := status(t, `"state":"running"`, reply(200, body))
			assert.Equal(t, tt.want, got.Members[0].Health)
			require.NoError(t, got.HealthErr)
		})
	}
}

// TestAServiceThatListsNobodyMakesHealthUnknown: nobody is evicted then, as unhealthy
// or in favor of members that may not serve.
func TestAServiceThatListsNobodyMakesHealthUnknown(t *testing.T) {
	t.Parallel()
	const (
		silent  = `{"name":"web","instance-pool":{"id":"` + poolID + `"},"healthcheck-status":[]}`
		missing = `{"name":"web","instance-pool":{"id":"` + poolID + `"}}`
		listing = `{"name":"api","instance-pool":{"id":"` + poolID + `"},"healthcheck-status":[{"public-ip":"192.0.2.1","status":"success"}]}`
		another = `{"name":"web","instance-pool":{"id":"33333333-3333-4333-8333-333333333333"},"healthcheck-status":[]}`
		problem = `the service "web" of load balancer "n" lists the health of no member`
	)
	for name, tt := range map[string]struct {
		services, state string
		want            string
	}{
		"the only one":           {silent, "running", problem},
		"without the field":      {missing, "running", problem},
		"beside one that lists":  {listing + "," + silent, "running", problem},
		"while no member runs":   {silent, "starting", ""},
		"that of another pool":   {another, "running", ""},
		"all list their members": {listing, "running", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := status(t, `"state":"`+tt.state+`"`, reply(200, `{"load-balancers":[{"id":"n","services":[`+tt.services+`]}]}`))
			if tt.want == "" {
				require.NoError(t, got.HealthErr)
				return
			}
			require.EqualError(t, got.HealthErr, tt.want)
		})
	}
}

func TestHealthThatCannotBeReadIsUnknown(t *testing.T) {
	t.Parallel()
	for name, balancers := range map[string]httpmock.Responder{
		"forbidden": reply(403, `{"message":"no"}`),
		"broken":    reply(500, `{}`),
		"silent":    silence,
		"no list":   reply(200, `{}`),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				got := status(t, `"state":"running"`, balancers)
				require.Error(t, got.HealthErr)
				assert.Equal(t, autoscale.HealthUnknown, got.Members[0].Health)
				assert.LessOrEqual(t, time.Since(began), 10*time.Second, "the rest of the turn needs time, too")
			})
		})
	}
}

// TestAShortTurnIsNotUsedUpByHealth: the pool may grow without it.
func TestAShortTurnIsNotUsedUpByHealth(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
		defer cancel()
		mock := httpmock.NewMockTransport()
		mock.RegisterResponder("GET", nlbURL, silence)
		mock.RegisterResponder("GET", listURL, reply(200, `{"instances":[]}`))
		mock.RegisterResponder("GET", poolURL, reply(200, `{"id":"`+poolID+`","size":1,"state":"running"}`))
		got, err := newClient(t, mock).Pool(poolID).Status(ctx)
		require.NoError(t, err)
		require.Error(t, got.HealthErr)
	})
}

func TestEvict(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var sent string
		mock := httpmock.NewMockTransport()
		mock.RegisterResponder("PUT", "=~/instance-pool/"+poolID+":evict$", func(req *http.Request) (*http.Response, error) {
			body, err := io.ReadAll(req.Body)
			sent = string(body)
			if err != nil {
				return nil, err
			}
			return reply(200, pending)(req)
		})
		mock.RegisterResponder("GET", opURL, reply(200, success))
		require.NoError(t, newClient(t, mock).Pool(poolID).Evict(t.Context(), []string{"a", "b"}))
		assert.JSONEq(t, `{"instances":["a","b"]}`, sent)
	})
}

func TestAnEvictionIsAskedForOnce(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]error{
		404: autoscale.ErrRefused, // the pool or the member
		403: autoscale.ErrRefused,
		429: autoscale.ErrRateLimited,
	} {
		mock := httpmock.NewMockTransport()
		mock.RegisterResponder("PUT", "=~:evict$", reply(status, `{}`))
		err := newClient(t, mock).Pool(poolID).Evict(t.Context(), []string{"a"})
		require.ErrorIs(t, err, want)
		assert.Equal(t, 1, mock.GetTotalCallCount())
	}
}
