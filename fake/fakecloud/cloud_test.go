package fakecloud_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/vendordomains"
)

func TestConfigReportsEverythingWrong(t *testing.T) {
	t.Parallel()
	_, err := fakecloud.Start(t.Context(), fakecloud.Config{
		Listen: "0.0.0.0:80", Hosts: map[string]http.Handler{"sos.exo.io": http.NotFoundHandler(), "example.test": nil},
	})
	for _, text := range []string{`listen address "0.0.0.0:80" can be reached from other hosts`, "host sos.exo.io: ", "host example.test: no handler"} {
		assert.ErrorContains(t, err, text)
	}
}

func TestLoopbackAddress(t *testing.T) {
	t.Parallel()
	for listen, want := range map[string]string{
		":8929": "127.0.0.1:8929", "localhost:0": "127.0.0.1:0", "127.3.2.1:1": "127.3.2.1:1", "[::1]:80": "[::1]:80",
	} {
		address, err := fakecloud.LoopbackAddress(listen)
		require.NoError(t, err)
		assert.Equal(t, want, address)
	}
	for listen, problem := range map[string]string{
		"127.0.0.1": "is not HOST:PORT", "127.0.0.1:x": "port", "127.0.0.1:65536": "port", "192.0.2.1:80": "from other hosts", "example.test:80": "other hosts",
	} {
		_, err := fakecloud.LoopbackAddress(listen)
		assert.ErrorContains(t, err, problem, listen)
	}
}

func TestStartThatFailsLeavesNothing(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	_, err := fakecloud.Start(t.Context(), fakecloud.Config{Zone: "at-vie-9"})
	require.ErrorContains(t, err, `"at-vie-9" is not among the zones`)
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	cloud, _ := startOnPaper(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.NoError(t, cloud.Wait(ctx))
}

func TestZonesLeadClientsBackHere(t *testing.T) {
	t.Parallel()
	cloud, _ := start(t, fakecloud.Config{Zones: []string{"de-fra-1", "at-vie-1"}})
	assert.Equal(t, "de-fra-1", cloud.Connection().Zone, "the first one by default")
	resp, err := http.Get(cloud.Connection().APIEndpoint() + "/zone")
	require.NoError(t, err)
	defer resp.Body.Close()
	var answer struct {
		Zones []struct {
			Endpoint string `json:"api-endpoint"`
		} `json:"zones"`
	}
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&answer))
	require.Len(t, answer.Zones, 2)
	for _, zone := range answer.Zones {
		assert.True(t, strings.HasPrefix(zone.Endpoint, cloud.Connection().URL+"/z/"), zone.Endpoint)
	}
}

func TestWarningsAreLogged(t *testing.T) {
	t.Parallel()
	cloud, log := startOnPaper(t)
	_, err := cloud.CreatePool(t.Context(), fakecloud.Pool{Name: "web", Size: 1})
	require.NoError(t, err)
	_, err = cloud.API().Faults().Add(exoapi.Fault{Name: exoapi.FaultQuotaReached, Operation: exoapi.AnyOperation})
	require.NoError(t, err)
	_, err = cloud.API().Do(t.Context(), http.MethodDelete, "/v2/instance/"+cloud.API().Instances()[0].ID, nil)
	require.NoError(t, err)
	log.Await(t, "members are not replaced yet")
}

func TestOnlyClientsWithTheTokenControlACloud(t *testing.T) {
	t.Parallel()
	cloud, _ := startOnPaper(t)
	calls := cloud.Connection().URL + "/fakecloud/calls"
	bearer := "Bearer " + cloud.Connection().Token
	for name, test := range map[string]struct {
		headers map[string]string
		want    int
	}{
		"with the token":         {map[string]string{"Authorization": bearer}, http.StatusOK},
		"without":                {nil, http.StatusUnauthorized},
		"with a wrong one":       {map[string]string{"Authorization": "Bearer x"}, http.StatusUnauthorized},
		"from a web page":        {map[string]string{"Authorization": bearer, "Origin": "https://evil.test"}, http.StatusForbidden},
		"from a browser":         {map[string]string{"Authorization": bearer, "Sec-Fetch-Site": "same-origin"}, http.StatusForbidden},
		"under a name of theirs": {map[string]string{"Authorization": bearer, "Host": "evil.test:8929"}, http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, status(t, calls, test.headers))
		})
	}
}

func TestPoolsAreMadeOfWhatThereIs(t *testing.T) {
	t.Parallel()
	cloud, _ := startOnPaper(t)
	_, err := cloud.CreatePool(t.Context(), fakecloud.Pool{Name: "web", Size: 1, Template: "Linux Ubuntu 24.04 LTS 64-bit", Type: "standard.small"})
	require.NoError(t, err)
	_, err = cloud.CreatePool(t.Context(), fakecloud.Pool{Name: "web", Template: "DOS"})
	require.ErrorContains(t, err, `no template "DOS"`)
	_, err = cloud.CreatePool(t.Context(), fakecloud.Pool{Name: "web", Type: "huge"})
	require.ErrorContains(t, err, `no instance type "huge"`)
	assert.Len(t, cloud.API().Pools(), 1)
}

func TestAddressesOnPaperLeadNowhere(t *testing.T) {
	t.Parallel()
	cloud, _ := startOnPaper(t)
	_, err := cloud.CreatePool(t.Context(), fakecloud.Pool{Name: "web", Size: 2})
	require.NoError(t, err)
	for _, m := range cloud.API().Instances() {
		require.True(t, m.Address.IsLoopback(), m.Address)
		_, err := new(net.Dialer).DialContext(t.Context(), "tcp", netip.AddrPortFrom(m.Address, 9).String())
		if runtime.GOOS == "linux" {
			require.ErrorIs(t, err, syscall.ECONNREFUSED)
		}
	}
}

func TestTemplatesCanBeAdded(t *testing.T) {
	t.Parallel()
	const old = "Linux Ubuntu 18.04 LTS 64-bit"
	cloud, _ := start(t, fakecloud.Config{Templates: []string{old}})
	_, err := cloud.CreatePool(t.Context(), fakecloud.Pool{Name: "web", Size: 1, Template: old})
	require.NoError(t, err)
	assert.Empty(t, cloud.StandIns(), "machines on paper start from nothing")
}

// standInDriver has given machines another template.
type standInDriver struct{ gatewayDriver }

func (*standInDriver) StandIns() map[string]string { return map[string]string{"b": "x", "a": "y"} }

func TestStandInsAreThoseOfTheDriver(t *testing.T) {
	t.Parallel()
	cloud, _ := start(t, fakecloud.Config{Machines: func(context.Context, fakecloud.DriverConfig) (fakecloud.Driver, error) {
		return &standInDriver{}, nil
	}})
	assert.Equal(t, []fakecloud.StandIn{{"a", "y"}, {"b", "x"}}, cloud.StandIns())
	assert.Equal(t, `machines that ask for "a" start from "y"`, cloud.StandIns()[0].String())
}

// status returns the status of the response to a GET request.
func status(t *testing.T, url string, headers map[string]string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	req.Host = headers["Host"]
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	return resp.StatusCode
}

// A gatewayDriver has no machines, only a gateway to find the API at.
type gatewayDriver struct {
	driverapi.Driver // unused

	cfg    fakecloud.DriverConfig
	at     net.Addr // of the first listener
	asked  []string
	closed bool
}

func (*gatewayDriver) Networks() (instances, balancers netip.Prefix) {
	return netip.MustParsePrefix("198.18.0.0/16"), netip.MustParsePrefix("198.19.0.0/16")
}
func (*gatewayDriver) Gateway() netip.Addr { return netip.MustParseAddr("198.18.0.1") }

// Listen opens its listener on this host, wherever it should be.
func (d *gatewayDriver) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	d.asked = append(d.asked, address)
	listener, err := new(net.ListenConfig).Listen(ctx, network, "127.0.0.1:0")
	if err == nil && d.at == nil {
		d.at = listener.Addr()
	}
	return listener, err
}

// client returns one that gets to the gateway, whatever it asks for.
func (d *gatewayDriver) client(roots *x509.CertPool) *http.Client {
	return &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: tlsConfig(roots),
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, d.at.String())
		},
	}}
}

func (d *gatewayDriver) Close(context.Context) error {
	d.closed = true
	return nil
}

// Machines with a network of their own find the vendor's hosts at their
// gateway, without a proxy.
func TestMachinesReachTheCloudAtTheirGateway(t *testing.T) {
	t.Parallel()
	driver := &gatewayDriver{}
	cloud, _ := start(t, fakecloud.Config{
		Machines: func(_ context.Context, cfg fakecloud.DriverConfig) (fakecloud.Driver, error) {
			driver.cfg = cfg
			return driver, nil
		},
		Hosts: map[string]http.Handler{"apt.example.test": http.RedirectHandler("/", http.StatusTeapot)},
	})
	assert.Subset(t, driver.cfg.Hosts, []string{"apt.example.test", "quay.io", "registry-1.docker.io"})
	assert.Equal(t, []string{"198.18.0.1:443"}, driver.asked)
	roots := certPool(t, driver.cfg.Authority)
	client := driver.client(roots)
	get := func(url string) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
		require.NoError(t, err)
		resp, err := client.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return resp.StatusCode
	}
	assert.Equal(t, http.StatusOK, get("https://api-at-vie-1.exoscale.com/v2/zone"))
	assert.Equal(t, http.StatusTeapot, get("https://apt.example.test/"), "a host outside the cloud")
	hosts := []string{"api.exoscale.ch", "portal.exoscale.com", "bucket.sos-at-vie-1.exo.io"}
	for _, domain := range vendordomains.All() {
		hosts = append(hosts, domain, "any.host."+domain)
	}
	for _, host := range hosts {
		assert.Equal(t, http.StatusForbidden, get("https://"+host+"/"), host)
	}

	require.NoError(t, cloud.Close())

	assert.True(t, driver.closed)
	for _, host := range hosts {
		assert.Contains(t, cloud.Unsupported(), fakecloud.Unsupported{Request: "https://" + host, Count: 1})
	}
}

// helperDriver has machines that boot.
type helperDriver struct {
	gatewayDriver

	userData string
}

func (d *helperDriver) StartHelper(_ context.Context, userData []byte) (driverapi.Helper, error) {
	d.userData = string(userData)
	return nil, nil
}

// An inspectedDriver has one machine, whose programs say too much.
type inspectedDriver struct {
	gatewayDriver

	secret string
}

func (d *inspectedDriver) Inspect(context.Context, string) (driverapi.Facts, error) {
	said := func() []string { return []string{"it is " + d.secret} }
	return driverapi.Facts{
		Complaints: said(), Working: said(), FailedUnits: said(), Containers: []driverapi.Container{{Command: said(), Log: said()}},
	}, nil
}

func (*inspectedDriver) HealthProblems(string, string) map[string]error {
	return map[string]error{"machine": errors.New("refused")}
}

func TestMachinesAreInspectedWithoutSecrets(t *testing.T) {
	t.Parallel()
	cloud, _ := start(t, fakecloud.Config{})
	_, err := cloud.Inspect(t.Context(), "machine")
	require.ErrorIs(t, err, errors.ErrUnsupported)
	assert.Empty(t, cloud.HealthProblems("balancer", "service"))

	driver := &inspectedDriver{secret: "guess"}
	cloud, _ = start(t, fakecloud.Config{
		Credentials: map[string]string{"EXOa": "guess"},
		Machines:    func(context.Context, fakecloud.DriverConfig) (fakecloud.Driver, error) { return driver, nil },
	})
	facts, err := cloud.Inspect(t.Context(), "machine")
	require.NoError(t, err)
	without := []string{"it is …"}
	assert.Equal(t, driverapi.Facts{
		Complaints: without, Working: without, FailedUnits: without, Containers: []driverapi.Container{{Command: without, Log: without}},
	}, facts)
	assert.Len(t, cloud.HealthProblems("balancer", "service"), 1)
}

func TestHelpersNeedMachinesThatBoot(t *testing.T) {
	t.Parallel()
	cloud, _ := start(t, fakecloud.Config{})
	_, err := cloud.StartHelper(t.Context(), nil)
	require.ErrorIs(t, err, errors.ErrUnsupported)

	driver := &helperDriver{}
	cloud, _ = start(t, fakecloud.Config{
		Machines: func(context.Context, fakecloud.DriverConfig) (fakecloud.Driver, error) { return driver, nil },
	})
	_, err = cloud.StartHelper(t.Context(), []byte("#!/bin/sh"))
	require.NoError(t, err)
	assert.Equal(t, "#!/bin/sh", driver.userData)
	assert.Empty(t, cloud.API().Instances(), "it is no part of the account")
}

func TestObjectStorageIsTold(t *testing.T) {
	t.Parallel()
	for request, want := range map[string]bool{
		"https://sos-at-vie-1.exo.io": true, "https://bucket.sos-at-vie-1.exo.io": true, "https://sos.exo.io (port 1 is not served)": true,
		"https://portal.exoscale.com": false, "GET /v2/sos": false, "https://sosumi.exo.io": false,
	} {
		assert.Equal(t, want, fakecloud.Unsupported{Request: request}.ObjectStorage(), request)
	}
}

func TestMistrustIsTold(t *testing.T) {
	t.Parallel()
	for request, want := range map[string]string{
		"https://api-at-vie-1.exoscale.com (the client does not trust the certificate)": "api-at-vie-1.exoscale.com",
		"https://api-at-vie-1.exoscale.com (no request came)":                           "",
		"https://api-at-vie-1.exoscale.com":                                             "",
		"GET /v2/x (the client does not trust the certificate)":                         "",
	} {
		host, ok := fakecloud.Unsupported{Request: request}.Untrusting()
		assert.Equal(t, want != "", ok, request)
		if ok {
			assert.Equal(t, want, host)
		}
	}
}
