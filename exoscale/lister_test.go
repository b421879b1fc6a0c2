package exoscale_test

import (
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/discovery"
)

const otherID = "33333333-3333-4333-8333-333333333333"

func TestInstancesAreTranslatedWhole(t *testing.T) {
	t.Parallel()
	mock := httpmock.NewMockTransport()
	mock.RegisterResponder("GET", listURL, reply(200, `{"instances":[
		{"id":"a","name":"web-1","state":"running","created-at":"2026-01-02T03:04:05Z","public-ip":"203.0.113.7","ipv6-address":"2001:db8::7",
		 "instance-type":{"id":"type"},"template":{"id":"template"},"labels":{"k":"v"},"security-groups":[{"id":"s1"},{},{"id":"s2"}],
		 "anti-affinity-groups":[{"id":"g"}],"manager":{"id":"`+poolID+`","type":"instance-pool"},"new-field":1},
		{"id":"b","public-ip":"","manager":{"id":"`+poolID+`"}},
		{"id":"c","public-ip":"0.0.0.0","manager":{"id":"`+poolID+`"}},
		{"id":"d","public-ip":"203.0.113.9"},
		{"id":"e","public-ip":"203.0.113.10","manager":{}},
		{"id":"f","public-ip":"300.1.1.1","ipv6-address":"2001:db8::9","manager":{"id":"`+poolID+`"}}
	]}`))

	got, err := newClient(t, mock).Lister().Instances(t.Context(), []string{poolID})

	require.NoError(t, err)
	assert.Equal(t, []discovery.Instance{{
		ID: "a", Name: "web-1", PoolID: poolID, State: "running",
		IPv4: netip.MustParseAddr("203.0.113.7"), IPv6: netip.MustParseAddr("2001:db8::7"),
		TypeID: "type", TemplateID: "template", Created: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Labels:           map[string]string{"k": "v"},
		SecurityGroupIDs: []string{"s1", "s2"}, AntiAffinityGroupIDs: []string{"g"},
	}, {ID: "b", PoolID: poolID}, {ID: "c", PoolID: poolID}, {
		ID: "f", PoolID: poolID, IPv6: netip.MustParseAddr("2001:db8::9"), // an address that is none costs that address alone
	}}, got)
}

func TestMembersWhoseMachinesNoLongerExistAreMarked(t *testing.T) {
	t.Parallel()
	for state, gone := range map[string]bool{
		"starting": false, "running": false, "stopped": false, "destroying": false, "migrating": false, "error": false, "new-one": false,
		"destroyed": true, "expunging": true,
	} {
		mock := httpmock.NewMockTransport()
		mock.RegisterResponder("GET", listURL, reply(200, `{"instances":[{"id":"a","state":"`+state+`","manager":{"id":"`+poolID+`"}}]}`))
		got, err := newClient(t, mock).Lister().Instances(t.Context(), []string{poolID})
		require.NoError(t, err)
		require.Len(t, got, 1)
		assert.Equal(t, gone, got[0].Gone, state)
		assert.Equal(t, state, got[0].State)
	}
}

func TestInstancesTakesOneCallHoweverManyPools(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		pools []string
		calls int
		query string
		want  []string
	}{
		"none":    {nil, 0, "", nil},
		"one":     {[]string{poolID}, 1, "manager-id=" + poolID + "&manager-type=instance-pool", []string{"a"}},
		"several": {[]string{poolID, otherID}, 1, "", []string{"a", "b"}},
		"unknown": {[]string{"44444444-4444-4444-8444-444444444444"}, 1, "manager-id=44444444-4444-4444-8444-444444444444&manager-type=instance-pool", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var query string
			mock := httpmock.NewMockTransport()
			// A server that ignores the filter.
			mock.RegisterResponder("GET", listURL, func(req *http.Request) (*http.Response, error) {
				query = req.URL.RawQuery
				return reply(200, `{"instances":[{"id":"a","manager":{"id":"`+poolID+`"}},{"id":"b","manager":{"id":"`+otherID+`"}},{"id":"c"}]}`)(req)
			})

			got, err := newClient(t, mock).Lister().Instances(t.Context(), test.pools)

			require.NoError(t, err)
			assert.Equal(t, test.calls, mock.GetTotalCallCount())
			assert.Equal(t, test.query, query)
			var ids []string
			for _, member := range got {
				ids = append(ids, member.ID)
			}
			assert.Equal(t, test.want, ids)
		})
	}
}

func TestListerReadsAPool(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		answer httpmock.Responder
		want   discovery.Pool
		is     error
		says   string
	}{
		"whole": {
			reply(200, `{"id":"`+poolID+`","name":"web","state":"running","size":3,"instances":[{"id":"a"},{},{"id":"b"}]}`),
			discovery.Pool{ID: poolID, Name: "web", State: "running", Size: 3, Members: []string{"a", "b"}},
			nil, "",
		},
		"empty":   {reply(200, `{"id":"`+poolID+`","size":0}`), discovery.Pool{ID: poolID}, nil, ""},
		"no size": {reply(200, `{"id":"`+poolID+`","instances":[]}`), discovery.Pool{}, nil, "size is missing"},
		"gone":    {reply(404, `{}`), discovery.Pool{}, discovery.ErrPoolNotFound, "zone at-vie-1"},
		"another": {reply(200, `{"id":"x"}`), discovery.Pool{}, nil, "about another pool"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mock := httpmock.NewMockTransport()
			mock.RegisterResponder("GET", poolURL, test.answer)

			got, err := newClient(t, mock).Lister().Pool(t.Context(), poolID)

			assert.Equal(t, test.want, got)
			if test.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.says)
			if test.is != nil {
				assert.ErrorIs(t, err, test.is)
			}
		})
	}
}

func TestBackends(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		answer string
		want   []discovery.Backend
		says   string
	}{
		"services of all balancers": {
			`{"load-balancers":[
			{"id":"n1","services":[
				{"id":"s1","name":"web","instance-pool":{"id":"` + poolID + `"},"healthcheck-status":[
					{"public-ip":"203.0.113.1","status":"success"},{"public-ip":"203.0.113.2","status":"failure"},{"public-ip":"203.0.113.3"},
					{"status":"success"},{"public-ip":"?","status":"success"}]},
				{"id":"s2","name":"new","instance-pool":{"id":"` + otherID + `"}}]},
			{"id":"n2"},
			{"id":"n3","services":[{}]}]}`,
			[]discovery.Backend{
				{BalancerID: "n1", Service: "web", PoolID: poolID, Health: map[netip.Addr]discovery.Health{
					netip.MustParseAddr("203.0.113.1"): {OK: true, Text: "success"}, netip.MustParseAddr("203.0.113.2"): {Text: "failure"},
				}},
				{BalancerID: "n1", Service: "new", PoolID: otherID, Health: map[netip.Addr]discovery.Health{}},
				{BalancerID: "n3", Health: map[netip.Addr]discovery.Health{}},
			},
			"",
		},
		"none":    {`{"load-balancers":[]}`, nil, ""},
		"no list": {`{}`, nil, "load-balancers is missing"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mock := httpmock.NewMockTransport()
			mock.RegisterResponder("GET", nlbURL, reply(200, test.answer))

			got, err := newClient(t, mock).Lister().Backends(t.Context())

			assert.Equal(t, test.want, got)
			assert.Equal(t, 1, mock.GetTotalCallCount())
			if test.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.says)
		})
	}
}

// FuzzAnswers: whatever the API answers, every call returns, with a result or
// an error.
func FuzzAnswers(f *testing.F) {
	for _, seed := range []string{
		`{}`, `null`, `[]`, `"`, `{"instances":[{}]}`, `{"instances":[{"manager":{"id":"` + poolID + `"},"labels":null}]}`,
		`{"instances":null,"instance-pools":[{}],"load-balancers":[{"services":[{"healthcheck-status":[{}]}]}]}`,
		`{"id":"` + poolID + `","size":1,"state":"success","instances":[{}]}`, `{"id":1}`, success, failure,
	} {
		f.Add(seed, 200, "application/json")
	}
	f.Add(`{"message":"no"}`, 404, "")
	f.Fuzz(func(t *testing.T, body string, status int, media string) {
		mock := httpmock.NewMockTransport()
		mock.RegisterNoResponder(httpmock.NewStringResponder(status, body).HeaderSet(http.Header{"Content-Type": {media}}))
		client := newClient(t, mock, quick)

		_, statusErr := client.Pool(poolID).Status(t.Context())
		resizeErr := client.Pool(poolID).Resize(t.Context(), 1)
		_, resolveErr := client.ResolvePool(t.Context(), "web")
		_, listErr := client.Lister().Instances(t.Context(), []string{poolID})
		_, backendsErr := client.Lister().Backends(t.Context())
		_, sourcesErr := client.HealthCheckSources(t.Context())

		if status != http.StatusOK {
			for _, err := range []error{statusErr, resizeErr, resolveErr, listErr, backendsErr, sourcesErr} {
				assert.Error(t, err)
			}
		}
	})
}
