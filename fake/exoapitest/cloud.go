package exoapitest

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/exopool/exopool/fake/exoapi"
)

// A Cloud is an emulated Exoscale that ends with its test. The methods of
// [exoapi.Cloud] inspect it and break it.
type Cloud struct {
	*exoapi.Cloud

	// Key and Secret may do everything.
	Key, Secret string
	// Endpoint is where clients with an [Cloud.HTTPClient] find the API; for
	// others nothing is there.
	Endpoint string

	served atomic.Pointer[string] // its URL, without a path; nil if it is not
}

// Start starts a cloud. A configuration without Timing makes one where
// everything happens at once. The test ends if the configuration is wrong.
func Start(tb testing.TB, cfg exoapi.Config) *Cloud {
	tb.Helper()
	if cfg.Timing == (exoapi.Timing{}) {
		cfg.Timing.Instant = true
	}
	c := &Cloud{Endpoint: "http://127.0.0.1:1/v2"}
	if cfg.APIEndpoint == nil {
		cfg.APIEndpoint = c.zoneEndpoint
	}
	cloud, err := exoapi.New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(cloud.Close)
	c.Cloud = cloud
	c.Key, c.Secret = cloud.Credential()
	return c
}

// zoneEndpoint returns where the list of zones sends clients: here, if they are
// other programs, which would otherwise go on to the real Exoscale.
func (c *Cloud) zoneEndpoint(zone string) string {
	if url := c.served.Load(); url != nil {
		return *url + "/z/" + zone + "/v2"
	}
	return "https://api-" + zone + ".exoscale.com/v2"
}

// HTTPClient returns a client whose requests the cloud answers, whatever host
// they are for. It opens no socket, so it works in a testing/synctest bubble.
func (c *Cloud) HTTPClient() *http.Client { return &http.Client{Transport: c.Transport()} }

// Serve serves the API on a loopback address until the test ends, for other
// programs. It returns the URL, which ends in /v2.
func (c *Cloud) Serve(tb testing.TB) string {
	tb.Helper()
	server := httptest.NewServer(c.Handler())
	tb.Cleanup(server.Close)
	c.served.Store(&server.URL)
	return server.URL + "/v2"
}

// RequireEmpty fails the test unless all that was made in the cloud has been
// removed, and names what is left.
func (c *Cloud) RequireEmpty(tb testing.TB) {
	tb.Helper()
	var left []string
	for kind, names := range c.Inventory() {
		for _, name := range names {
			left = append(left, kind+" "+name)
		}
	}
	if len(left) > 0 {
		slices.Sort(left)
		tb.Fatalf("left in the cloud: %s", strings.Join(left, ", "))
	}
}
