package exoapitest_test

import (
	"testing"

	egoscale "github.com/exoscale/egoscale/v3"
	"github.com/exoscale/egoscale/v3/credentials"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/exoapitest"
)

// In a test of a program whose customer has room for one network.
func ExampleStart() {
	t := new(testing.T) // the one that the test gets

	cloud := exoapitest.Start(t, exoapi.Config{Quotas: map[string]int{"private-network": 1}})
	client, err := egoscale.NewClient(credentials.NewStaticCredentials(cloud.Key, cloud.Secret),
		egoscale.ClientOptWithHTTPClient(cloud.HTTPClient()),
		egoscale.ClientOptWithEndpoint(egoscale.Endpoint(cloud.Endpoint)))
	if err != nil {
		t.Fatal(err)
	}
	_ = client // call what you test with it
	cloud.RequireEmpty(t)
}
