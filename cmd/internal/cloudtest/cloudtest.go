// Package cloudtest gives tests of programs an emulated Exoscale with one
// pool, on a loopback address. Machines start and stop at once.
package cloudtest

import (
	"net/http"
	"testing"
	"time"

	egoscale "github.com/exoscale/egoscale/v2" //nolint:depguard // for tests only, which the real client prepares
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/exoapitest"
)

const (
	// Zone is where the pool is.
	Zone = "at-vie-1"
	// PoolName is the name of the pool.
	PoolName = "web"

	template = "Linux Ubuntu 24.04 LTS 64-bit"
	micro    = "71004023-bb72-4a97-b1e9-bc66dfce9470"
)

// A Cloud is an emulated Exoscale that answers on URL.
type Cloud struct {
	*exoapitest.Cloud

	URL  string // ends in /v2
	Pool string // id

	client *egoscale.Client
}

// New starts a cloud with a pool of size members. It ends with the test.
func New(tb testing.TB, size int) *Cloud {
	tb.Helper()
	cloud := exoapitest.Start(tb, exoapi.Config{Timing: exoapi.Timing{
		InstanceStart: -1, Boot: -1, Stop: -1, Destroy: -1, PoolUpdate: -1, BalancerCreate: -1, BalancerUpdate: -1,
		Speed: 100, // of the waits that have no setting
	}})
	c := &Cloud{Cloud: cloud, URL: cloud.Serve(tb)}
	client, err := egoscale.NewClient(c.Key, c.Secret,
		egoscale.ClientOptWithHTTPClient(&http.Client{}), // the default one would be shared, and written to
		egoscale.ClientOptWithAPIEndpoint(c.URL), egoscale.ClientOptWithPollInterval(10*time.Millisecond))
	require.NoError(tb, err)
	c.client = client

	image, err := c.client.GetTemplateByName(tb.Context(), Zone, template, "public")
	require.NoError(tb, err)
	name, members, disk, instanceType := PoolName, int64(size), int64(10), micro
	pool, err := c.client.CreateInstancePool(tb.Context(), Zone, &egoscale.InstancePool{
		Name: &name, Size: &members, DiskSize: &disk, InstanceTypeID: &instanceType, TemplateID: image.ID,
	})
	require.NoError(tb, err)
	c.Pool = *pool.ID
	return c
}

// Resize resizes the pool, as another program would.
func (c *Cloud) Resize(tb testing.TB, size int) {
	tb.Helper()
	pool, err := c.client.GetInstancePool(tb.Context(), Zone, c.Pool)
	require.NoError(tb, err)
	require.NoError(tb, c.client.ScaleInstancePool(tb.Context(), Zone, pool, int64(size)))
}

// Rename gives the pool another name.
func (c *Cloud) Rename(tb testing.TB, name string) {
	tb.Helper()
	require.NoError(tb, c.client.UpdateInstancePool(tb.Context(), Zone, &egoscale.InstancePool{ID: &c.Pool, Name: &name}))
}

// Size returns the size of the pool.
func (c *Cloud) Size() int { return c.Pools()[0].Size }

// Env returns an environment that names this cloud and its pool, with
// changes; an empty value counts as not set.
func (c *Cloud) Env(changes map[string]string) map[string]string {
	env := map[string]string{
		"EXOSCALE_KEY": c.Key, "EXOSCALE_SECRET": c.Secret, "EXOSCALE_ZONE": Zone,
		"EXOSCALE_INSTANCEPOOL_ID": c.Pool, "EXOSCALE_API_ENDPOINT": c.URL,
	}
	for name, value := range changes {
		env[name] = value
	}
	return env
}

// Getenv reads variables from env alone.
func Getenv(env map[string]string) func(string) string {
	return func(name string) string { return env[name] }
}
