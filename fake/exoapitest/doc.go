// Package exoapitest gives a test an emulated Exoscale of its own. Nothing is
// installed, no socket is opened, and it is gone when the test ends.
//
//	cloud := exoapitest.Start(t, exoapi.Config{})
//	client, err := egoscale.NewClient(cloud.Key, cloud.Secret,
//		egoscale.ClientOptWithHTTPClient(cloud.HTTPClient()),
//		egoscale.ClientOptWithAPIEndpoint(cloud.Endpoint))
//
// Programs of their own, such as terraform, reach it on a loopback address:
// see [Cloud.Serve] and, for programs that have Exoscale's addresses built in,
// package fakecloud.
package exoapitest
