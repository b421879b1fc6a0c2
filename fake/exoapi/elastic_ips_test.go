package exoapi_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	egoscale "github.com/exoscale/egoscale/v2"
	"github.com/exoscale/egoscale/v2/api"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

func TestElasticIPIsKeptAsItWasGiven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		ctx := t.Context()
		check := egoscale.ElasticIPHealthcheck{
			Mode: new("https"), Port: new(uint16(443)), URI: new("/up"), TLSSNI: new("a.b"), TLSSkipVerify: new(true),
			Interval: new(20 * time.Second), Timeout: new(3 * time.Second), StrikesOK: new(int64(1)), StrikesFail: new(int64(4)),
		}
		made, err := client.CreateElasticIP(ctx, zone, &egoscale.ElasticIP{
			Description: new("entry"), Labels: new(map[string]string{"a": "b"}), Healthcheck: &check,
		})
		require.NoError(t, err)
		assert.Equal(t, "inet4", *made.AddressFamily)
		assert.Equal(t, made.IPAddress.String()+"/32", *made.CIDR)
		assert.Equal(t, "entry", *made.Description)
		assert.Equal(t, &check, made.Healthcheck)

		made.Description, made.Healthcheck.URI = new("exit"), new("/")
		require.NoError(t, client.UpdateElasticIP(ctx, zone, made))
		got, err := client.GetElasticIP(ctx, zone, *made.ID)
		require.NoError(t, err)
		assert.Equal(t, made, got)

		record := "/v2/elastic-ip/" + *made.ID + "/description"
		assert.Equal(t, 200, call(t, cloud, http.MethodDelete, record, "").status)
		got, err = client.GetElasticIP(ctx, zone, *made.ID)
		require.NoError(t, err)
		assert.Empty(t, *got.Description)

		require.NoError(t, client.DeleteElasticIP(ctx, zone, made))
		_, err = client.GetElasticIP(ctx, zone, *made.ID)
		require.ErrorIs(t, err, api.ErrNotFound)
	})
}

func TestElasticIPMayBeOfEitherFamily(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := start(t, exoapi.Config{})
		six, err := client.CreateElasticIP(t.Context(), zone, &egoscale.ElasticIP{AddressFamily: new("inet6")})
		require.NoError(t, err)
		assert.Nil(t, six.IPAddress.To4())
		assert.Equal(t, six.IPAddress.String()+"/128", *six.CIDR)
		assert.Nil(t, six.Healthcheck)
	})
}

func TestElasticIPMovesBetweenInstances(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := start(t, exoapi.Config{})
		ctx := t.Context()
		address, err := client.CreateElasticIP(ctx, zone, &egoscale.ElasticIP{})
		require.NoError(t, err)
		one, two := newInstance(t, client), newInstance(t, client)
		has := func(i *egoscale.Instance) bool {
			seen, err := client.GetInstance(ctx, zone, *i.ID)
			require.NoError(t, err)
			return seen.ElasticIPIDs != nil && assert.ObjectsAreEqual([]string{*address.ID}, *seen.ElasticIPIDs)
		}
		require.NoError(t, client.AttachInstanceToElasticIP(ctx, zone, one, address))
		require.NoError(t, client.AttachInstanceToElasticIP(ctx, zone, two, address))
		assert.True(t, has(one) && has(two), "several instances may share it")
		require.NoError(t, client.DetachInstanceFromElasticIP(ctx, zone, one, address))
		assert.False(t, has(one))
		require.ErrorContains(t, client.DeleteElasticIP(ctx, zone, address), "in use by instance "+*two.ID)
		require.NoError(t, client.DeleteInstance(ctx, zone, two))
		require.NoError(t, client.DeleteElasticIP(ctx, zone, address))
	})
}

func TestElasticIPHasAReverseDNSRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := start(t, exoapi.Config{})
		ctx := t.Context()
		address, err := client.CreateElasticIP(ctx, zone, &egoscale.ElasticIP{})
		require.NoError(t, err)
		_, err = client.GetElasticIPReverseDNS(ctx, zone, *address.ID)
		require.ErrorIs(t, err, api.ErrNotFound)
		require.NoError(t, client.UpdateElasticIPReverseDNS(ctx, zone, *address.ID, "a.example.com"))
		name, err := client.GetElasticIPReverseDNS(ctx, zone, *address.ID)
		require.NoError(t, err)
		assert.Equal(t, "a.example.com.", name)
		require.NoError(t, client.DeleteElasticIPReverseDNS(ctx, zone, *address.ID))
		require.ErrorIs(t, client.DeleteElasticIPReverseDNS(ctx, zone, *address.ID), api.ErrNotFound)
	})
}

func TestElasticIPsCountTowardsTheirQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := start(t, exoapi.Config{Quotas: map[string]int{"elastic-ip": 1}})
		one, err := client.CreateElasticIP(t.Context(), zone, &egoscale.ElasticIP{})
		require.NoError(t, err)
		_, err = client.CreateElasticIP(t.Context(), zone, &egoscale.ElasticIP{})
		require.ErrorContains(t, err, "quota of resource elastic-ip reached")
		require.NoError(t, client.DeleteElasticIP(t.Context(), zone, one))
		_, err = client.CreateElasticIP(t.Context(), zone, &egoscale.ElasticIP{})
		require.NoError(t, err)
	})
}

func TestBadHealthchecksOfElasticIPsAreRefused(t *testing.T) {
	cloud := newCloud(t, exoapi.Config{})
	for check, message := range map[string]string{
		`{"port":80}`:                                     "healthcheck.mode is required",
		`{"mode":"tcp"}`:                                  "healthcheck.port is required",
		`{"mode":"udp","port":80}`:                        "one of tcp, http, https",
		`{"mode":"http","port":80}`:                       "uri is required",
		`{"mode":"tcp","port":0}`:                         "between 1 and 65535",
		`{"mode":"tcp","port":80,"interval":4}`:           "between 5 and 300",
		`{"mode":"tcp","port":80,"timeout":61}`:           "between 2 and 60",
		`{"mode":"tcp","port":80,"timeout":11}`:           "must not be above interval",
		`{"mode":"tcp","port":80,"strikes-ok":21}`:        "between 1 and 20",
		`{"mode":"tcp","port":80,"strikes-fail":0}`:       "between 1 and 20",
		`{"mode":"tcp","port":80,"tls-skip-verify":null}`: "not be null",
	} {
		got := call(t, cloud, http.MethodPost, "/v2/elastic-ip", `{"healthcheck":`+check+`}`)
		assert.Equal(t, 400, got.status, check)
		assert.Contains(t, got.message(), message, check)
	}
}
