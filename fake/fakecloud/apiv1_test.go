package fakecloud_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	v1 "github.com/exoscale/egoscale"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/fakecloud"
)

// The client of API v1 that Terraform's provider had shows what it is told.
func TestClientsOfAPIv1AreToldTheProviderThatDoesWithout(t *testing.T) {
	t.Parallel()
	cloud, _ := startOnPaper(t)
	for _, path := range []string{"/v1", "/compute"} {
		client := v1.NewClient(cloud.Connection().URL+path, "EXOfake", "secret", v1.WithoutV2Client())
		_, err := client.RequestWithContext(t.Context(), &v1.ListZones{})
		require.ErrorContains(t, err, "Version 0.54.0 of the Terraform provider")
		// Long calls are sent as forms.
		_, err = client.RequestWithContext(t.Context(), &v1.DeployVirtualMachine{
			ServiceOfferingID: v1.MustParseUUID("71004023-bb72-4a97-b1e9-bc66dfce9470"),
			TemplateID:        v1.MustParseUUID("71004023-bb72-4a97-b1e9-bc66dfce9470"),
			ZoneID:            v1.MustParseUUID("71004023-bb72-4a97-b1e9-bc66dfce9470"),
			UserData:          strings.Repeat("x", 3000),
		})
		require.ErrorContains(t, err, "exoscale_compute_instance")
	}
	// The addresses that these clients had built in.
	for _, host := range []string{"api.exoscale.com", "api.exoscale.ch"} {
		assert.Equal(t, http.StatusUnprocessableEntity, status(t, cloud.Connection().URL+"/compute?command=listZones", map[string]string{"Host": host}))
	}
	assert.Equal(t, []fakecloud.Unsupported{
		{Request: "API v1: deployVirtualMachine", Count: 2}, {Request: "API v1: listZones", Count: 4},
	}, cloud.Unsupported())
}

// What only looks like API v1 gets what it got before.
func TestOtherRequestsAreNoneOfAPIv1(t *testing.T) {
	t.Parallel()
	cloud, _ := startOnPaper(t)
	for _, query := range []string{"", "?command=", "?command=" + url.QueryEscape("x\ny"), "?command=" + strings.Repeat("x", 100)} {
		resp, err := http.Get(cloud.Connection().URL + "/v1" + query)
		require.NoError(t, err)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, http.StatusNotImplemented, resp.StatusCode)
		assert.NotContains(t, string(body), "0.54.0")
	}
}
