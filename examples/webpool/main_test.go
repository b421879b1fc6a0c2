package main

import (
	"strings"
	"testing"

	egoscale "github.com/exoscale/egoscale/v3"
	"github.com/exoscale/egoscale/v3/credentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/exoapitest"
)

func TestMakesAPoolBehindALoadBalancer(t *testing.T) {
	t.Parallel()
	cloud := exoapitest.Start(t, exoapi.Config{})
	client, err := egoscale.NewClient(credentials.NewStaticCredentials(cloud.Key, cloud.Secret),
		egoscale.ClientOptWithHTTPClient(cloud.HTTPClient()), egoscale.ClientOptWithEndpoint(egoscale.Endpoint(cloud.Endpoint)))
	require.NoError(t, err)
	var said strings.Builder

	require.NoError(t, run(t.Context(), client, &said))

	pools := cloud.Pools()
	require.Len(t, pools, 1)
	assert.Equal(t, "web", pools[0].Name)
	assert.Len(t, pools[0].Members, 1)
	assert.Regexp(t, `^http://[0-9.]+:8000\n$`, said.String())
}
