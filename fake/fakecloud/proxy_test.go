package fakecloud_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	egoscale "github.com/exoscale/egoscale/v2"
	egoapi "github.com/exoscale/egoscale/v2/api"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/fakecloud"
)

func TestCertificatesGoWithTheCloud(t *testing.T) {
	t.Parallel()
	cloud, _ := startOnPaper(t)
	info, err := os.Stat(cloud.Connection().CertFile)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	info, err = os.Stat(filepath.Dir(cloud.Connection().CertFile))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	require.NoError(t, cloud.Close())
	_, err = os.Stat(filepath.Dir(cloud.Connection().CertFile))
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

// behind returns a client that has nothing of the cloud but its proxy and
// its certificates.
func behind(t *testing.T, cloud *fakecloud.Cloud) *http.Client {
	t.Helper()
	via, err := url.Parse(cloud.Connection().URL)
	require.NoError(t, err)
	bundle, err := os.ReadFile(cloud.Connection().CertFile)
	require.NoError(t, err)
	transport := &http.Transport{Proxy: http.ProxyURL(via), TLSClientConfig: tlsConfig(certPool(t, bundle))}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 10 * time.Second}
}

func certPool(t *testing.T, bundle []byte) *x509.CertPool {
	t.Helper()
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(bundle))
	return roots
}

func tlsConfig(roots *x509.CertPool) *tls.Config {
	return &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
}

func TestTheOfficialClientTellsZonesApartByTheirHosts(t *testing.T) {
	t.Parallel()
	cloud, _ := startOnPaper(t)
	client, err := egoscale.NewClient(cloud.Connection().Key, cloud.Connection().Secret,
		egoscale.ClientOptWithHTTPClient(behind(t, cloud)), egoscale.ClientOptWithPollInterval(10*time.Millisecond))
	require.NoError(t, err)
	ctx := t.Context()
	name := "far away"
	_, err = client.CreateNetworkLoadBalancer(ctx, "de-fra-1", &egoscale.NetworkLoadBalancer{Name: &name})
	require.NoError(t, err)

	there, err := client.ListNetworkLoadBalancers(ctx, "de-fra-1")
	require.NoError(t, err)
	here, err := client.ListNetworkLoadBalancers(ctx, "at-vie-1")
	require.NoError(t, err)
	assert.Len(t, there, 1)
	assert.Empty(t, here)

	_, err = client.ListNetworkLoadBalancers(ctx, "xx-xxx-9")
	assert.ErrorIs(t, err, egoapi.ErrNotFound, "a zone that does not exist")
}

func TestOtherServicesOfTheRealCloudAreRefused(t *testing.T) {
	t.Parallel()
	cloud, log := startOnPaper(t)
	client := behind(t, cloud)
	for _, host := range []string{"portal.exoscale.com", "exoscale.com", "bucket.sos-at-vie-1.exoscale.com", "api-x.sos.exoscale.com"} {
		for range 2 {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+host+"/secret/path", http.NoBody)
			require.NoError(t, err)
			resp, err := client.Do(req)
			require.NoError(t, err)
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			_ = resp.Body.Close()
			assert.Equal(t, http.StatusForbidden, resp.StatusCode)
			assert.Contains(t, string(body), host+" is not emulated")
		}
		assert.Equal(t, 1, strings.Count(log.String(), `msg="not emulated" request=https://`+host+` operation=""`), "logged once")
	}
}

func TestCallsThatAreNotEmulatedAreCounted(t *testing.T) {
	t.Parallel()
	cloud, _ := startOnPaper(t)
	for _, zone := range []string{"", "/z/de-fra-1"} {
		path := zone + "/v2/dbaas-postgres/" + uuid.NewString() + ":start?x=y"
		assert.Equal(t, http.StatusNotImplemented, status(t, cloud.Connection().URL+path, nil))
	}
	assert.Equal(t, []fakecloud.Unsupported{{Request: "GET /v2/dbaas-postgres/{id}:start", Count: 2}}, cloud.Unsupported())
}

func TestAProxyIsNotItsOwnUpstream(t *testing.T) {
	t.Parallel()
	self, err := url.Parse("http://127.0.0.1:8929")
	require.NoError(t, err)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://example.test", http.NoBody)
	require.NoError(t, err)
	for _, name := range []string{"HTTPS_PROXY", "https_proxy"} {
		for address, want := range map[string]*url.URL{self.Host: nil, "127.0.0.1:3128": self} {
			via, err := fakecloud.Upstream(address, []string{name + "=" + self.String()})(request)
			require.NoError(t, err)
			assert.Equal(t, want, via)
		}
	}
}

func TestHostsWithoutAProxyNeverIncludeTheRealCloud(t *testing.T) {
	t.Parallel()
	const here = "127.0.0.0/8,127.0.0.1,localhost"
	for _, c := range []struct{ present, want string }{
		{"", here},
		{"localhost,*.corp.test,10.0.0.0/8", here + ",*.corp.test,10.0.0.0/8"},
		{"*", here},
		{"exoscale.com, .exoscale.com:443 com,*.com,API.Exoscale.com", here},
		{"exo.io,.sos-at-vie-1.exo.io:443,io,*.io,exo.io.,*exo*,api.exoscale.ch,ch,aivencloud.com,*.*", here},
	} {
		assert.Equal(t, c.want, fakecloud.DirectHosts([]string{"A=b", "no_proxy=" + c.present}), c.present)
	}
}

func elsewhere(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "elsewhere")
	}))
	t.Cleanup(server.Close)
	return server
}

func TestOtherHostsAreReached(t *testing.T) {
	t.Parallel()
	cloud, log := startOnPaper(t)
	target := elsewhere(t)
	client := behind(t, cloud)
	transport, ok := client.Transport.(*http.Transport)
	require.True(t, ok)
	transport.TLSClientConfig.RootCAs.AddCert(target.Certificate())
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target.URL, http.NoBody)
	require.NoError(t, err)
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Equal(t, "elsewhere", string(body))
	assert.Empty(t, log.String())
}

func TestTunnelsEndWithTheCloud(t *testing.T) {
	t.Parallel()
	cloud, _ := startOnPaper(t)
	target := elsewhere(t)
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(cloud.Connection().URL, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	_, err = io.WriteString(conn, "CONNECT "+target.Listener.Addr().String()+" HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	r := bufio.NewReader(conn)
	line, err := r.ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, line, "200")

	require.NoError(t, cloud.Close())

	_, err = io.Copy(io.Discard, r)
	assert.NoError(t, err, "the other side has ended")
}
