package exoscale_test

import (
	"net/netip"
	"testing"
	"testing/synctest"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

func TestHealthCheckSourcesAreThoseOfThePublicGroup(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, client := emulator(t, exoapi.Config{})
		got, err := client.HealthCheckSources(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, got)
	})
}

func TestHealthCheckSourcesAreAllOrAnError(t *testing.T) {
	t.Parallel()
	group := func(sources string) string {
		return `{"security-groups":[{"name":"public-sos-endpoints","external-sources":["198.51.100.0/24"]},
			{"name":"public-nlb-healthcheck-sources","external-sources":` + sources + `}]}`
	}
	for body, want := range map[string][]netip.Prefix{
		group(`["192.0.2.0/28", "203.0.113.7", "2001:db8::/64"]`): {
			netip.MustParsePrefix("192.0.2.0/28"), netip.MustParsePrefix("203.0.113.7/32"), netip.MustParsePrefix("2001:db8::/64"),
		},
		group(`["192.0.2.0/28", "everybody"]`): nil,
		group(`[]`):                            nil,
		group(`null`):                          nil,
		`{"security-groups":[]}`:               nil,
		`{}`:                                   nil,
	} {
		mock := httpmock.NewMockTransport()
		mock.RegisterResponder("GET", base+"/security-group?visibility=public", reply(200, body))
		got, err := newClient(t, mock).HealthCheckSources(t.Context())
		assert.Equal(t, want, got, body)
		assert.Equal(t, want == nil, err != nil, body)
	}
}
