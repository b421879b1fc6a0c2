package exoapi_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	egoscale "github.com/exoscale/egoscale/v2"
	"github.com/exoscale/egoscale/v2/api"
	egoscalev3 "github.com/exoscale/egoscale/v3"
	"github.com/exoscale/egoscale/v3/credentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

const (
	zone       = "at-vie-1"
	microID    = "71004023-bb72-4a97-b1e9-bc66dfce9470"
	smallID    = "21624abb-764e-4def-81d7-9fc54b5957fb"
	unknownID  = "00000000-0000-4000-8000-000000000000"
	ubuntuName = "Linux Ubuntu 24.04 LTS 64-bit"
)

// start makes a cloud and the real client for it. In a synctest bubble, time
// is virtual for both.
func start(tb testing.TB, cfg exoapi.Config) (*exoapi.Cloud, *egoscale.Client) {
	tb.Helper()
	cloud := newCloud(tb, cfg)
	return cloud, newClient(tb, cloud)
}

func newCloud(tb testing.TB, cfg exoapi.Config) *exoapi.Cloud {
	tb.Helper()
	cloud, err := exoapi.New(cfg)
	require.NoError(tb, err)
	tb.Cleanup(cloud.Close)
	if *noteClients {
		tb.Cleanup(func() { note(tb, cloud.Calls()) })
	}
	return cloud
}

func newClient(tb testing.TB, cloud *exoapi.Cloud) *egoscale.Client {
	tb.Helper()
	key, secret := cloud.Credential()
	return newClientWith(tb, cloud, key, secret)
}

func newClientWith(tb testing.TB, cloud *exoapi.Cloud, key, secret string) *egoscale.Client {
	tb.Helper()
	client, err := egoscale.NewClient(key, secret,
		egoscale.ClientOptWithHTTPClient(&http.Client{Transport: cloud.Transport()}),
		egoscale.ClientOptWithAPIEndpoint("http://127.0.0.1:1/v2"),
		egoscale.ClientOptWithTimeout(time.Hour))
	require.NoError(tb, err)
	return client
}

// startV3 does the same with the newer client.
func startV3(tb testing.TB, cfg exoapi.Config) (*exoapi.Cloud, *egoscalev3.Client) {
	tb.Helper()
	cloud := newCloud(tb, cfg)
	return cloud, newClientV3(tb, cloud, zone)
}

func newClientV3(tb testing.TB, cloud *exoapi.Cloud, zone string) *egoscalev3.Client {
	tb.Helper()
	key, secret := cloud.Credential()
	return newClientV3With(tb, cloud, zone, key, secret)
}

func newClientV3With(tb testing.TB, cloud *exoapi.Cloud, zone, key, secret string) *egoscalev3.Client {
	tb.Helper()
	client, err := egoscalev3.NewClient(credentials.NewStaticCredentials(key, secret),
		egoscalev3.ClientOptWithHTTPClient(&http.Client{Transport: cloud.Transport()}),
		egoscalev3.ClientOptWithEndpoint(egoscalev3.Endpoint("http://127.0.0.1:1/z/"+zone+"/v2")))
	require.NoError(tb, err)
	return client
}

// done waits for the end of what the newer client asked for and returns what it
// was about, if its operation refers to that.
func done(tb testing.TB, client *egoscalev3.Client, op *egoscalev3.Operation, err error) egoscalev3.UUID {
	tb.Helper()
	require.NoError(tb, err)
	op, err = client.Wait(tb.Context(), op, egoscalev3.OperationStateSuccess)
	require.NoError(tb, err)
	if op.Reference == nil {
		return ""
	}
	return op.Reference.ID
}

func templateID(tb testing.TB, client *egoscale.Client) *string {
	tb.Helper()
	template, err := client.GetTemplateByName(tb.Context(), zone, ubuntuName, "public")
	require.NoError(tb, err)
	return template.ID
}

// wantedPool describes a pool as the tests usually want it.
func wantedPool(tb testing.TB, client *egoscale.Client, size int64) *egoscale.InstancePool {
	tb.Helper()
	return &egoscale.InstancePool{
		Name:           new("web"),
		Size:           new(size),
		DiskSize:       new(int64(10)),
		InstanceTypeID: new(microID),
		TemplateID:     templateID(tb, client),
	}
}

func newPool(tb testing.TB, client *egoscale.Client, size int64) *egoscale.InstancePool {
	tb.Helper()
	pool, err := client.CreateInstancePool(tb.Context(), zone, wantedPool(tb, client, size))
	require.NoError(tb, err)
	return pool
}

func instancesOf(tb testing.TB, client *egoscale.Client, poolID string) []*egoscale.Instance {
	tb.Helper()
	list, err := client.ListInstances(tb.Context(), zone,
		egoscale.ListInstancesByManagerID(poolID), egoscale.ListInstancesByManagerType("instance-pool"))
	require.NoError(tb, err)
	return list
}

// An answer is what a raw call got.
type answer struct {
	status int
	header http.Header
	body   map[string]any
}

func (a answer) message() string {
	text, _ := a.body["message"].(string)
	return text
}

// call sends a request signed by the real client's code, and lets spoil change
// it afterwards.
func call(tb testing.TB, cloud *exoapi.Cloud, method, path, body string, spoil ...func(*http.Request)) answer {
	tb.Helper()
	resp, err := tryCall(tb, cloud, method, path, body, spoil...)
	require.NoError(tb, err)
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode, header: resp.Header}
	assert.Equal(tb, "application/json", resp.Header.Get("Content-Type"))
	require.NoError(tb, json.NewDecoder(resp.Body).Decode(&a.body))
	return a
}

// failCall makes a call that gets no answer and returns why.
func failCall(
	tb testing.TB, cloud *exoapi.Cloud, method, path, body string, spoil ...func(*http.Request),
) error {
	tb.Helper()
	resp, err := tryCall(tb, cloud, method, path, body, spoil...)
	if err == nil {
		resp.Body.Close()
	}
	return err
}

func tryCall(
	tb testing.TB, cloud *exoapi.Cloud, method, path, body string, spoil ...func(*http.Request),
) (*http.Response, error) {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), method, "http://127.0.0.1:1"+path, strings.NewReader(body))
	require.NoError(tb, err)
	key, secret := cloud.Credential()
	signer, err := api.NewSecurityProvider(key, secret)
	require.NoError(tb, err)
	require.NoError(tb, signer.Intercept(tb.Context(), req))
	for _, change := range spoil {
		change(req)
	}
	return cloud.Transport().RoundTrip(req)
}

func decodeArray(tb testing.TB, r io.Reader) (list []map[string]any) {
	tb.Helper()
	require.NoError(tb, json.NewDecoder(r).Decode(&list))
	return list
}
