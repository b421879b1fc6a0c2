package main

import (
	"bufio"
	"context"
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

	"github.com/exopool/exopool/fake/exoapi"
)

func TestClientsThatIgnoreTheEndpointLandHereToo(t *testing.T) {
	t.Parallel()
	args, environ := child(t, "stray")
	// Whatever proxy the user has, or exempts the real cloud from.
	term := newTerminal(t, environ, "https_proxy=http://127.0.0.1:1", "ALL_PROXY=http://127.0.0.1:1", "NO_PROXY=*,.exoscale.com", "no_proxy=com")
	require.Equal(t, 0, term.run(t.Context(), args), term.err)
	assert.Equal(t, "https://api-ch-gva-2.exoscale.com/v2/zone 200\n"+
		"http://api-ch-gva-2.exoscale.com/v2/zone 200\n"+
		"http://127.0.0.1/z/de-fra-1/v2/zone 200\n"+
		"https://sos-at-vie-1.exoscale.com/ 403\n", term.out.String())
}

func TestExecTellsWhatWasMissing(t *testing.T) {
	t.Parallel()
	args, environ := child(t, "stray")
	term := newTerminal(t, environ)
	require.Equal(t, 0, term.run(t.Context(), args), term.err)
	assert.Contains(t, term.err.String(), "asked for things that are not emulated:\n     1 x https://sos-at-vie-1.exoscale.com\n")

	args, environ = child(t, "0")
	term = newTerminal(t, environ)
	require.Equal(t, 0, term.run(t.Context(), args))
	assert.Empty(t, term.err.String())
}

func TestTheBundleGoesWithTheInstance(t *testing.T) {
	t.Parallel()
	in, _ := instanceForTest(t)
	info, err := os.Stat(in.contact.Bundle)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	info, err = os.Stat(filepath.Dir(in.contact.Bundle))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	in.close()
	_, err = os.Stat(filepath.Dir(in.contact.Bundle))
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

// behind returns a client that has nothing of the instance but its proxy and
// its certificates.
func behind(t *testing.T, in *instance) *http.Client {
	t.Helper()
	via, err := url.Parse(in.contact.Base)
	require.NoError(t, err)
	bundle, err := os.ReadFile(in.contact.Bundle)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(bundle))
	transport := &http.Transport{
		Proxy: http.ProxyURL(via), TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 10 * time.Second}
}

func TestTheOfficialClientTellsZonesApartByTheirHosts(t *testing.T) {
	t.Parallel()
	in, _ := instanceForTest(t)
	client, err := egoscale.NewClient(in.contact.Key, in.contact.Secret,
		egoscale.ClientOptWithHTTPClient(behind(t, in)), egoscale.ClientOptWithPollInterval(10*time.Millisecond))
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
	in, log := instanceForTest(t)
	client := behind(t, in)
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
		assert.Equal(t, 1, strings.Count(log.String(), "not emulated: https://"+host+"\n"), "said once")
	}
}

func TestCallsThatAreNotEmulatedAreCounted(t *testing.T) {
	t.Parallel()
	in, _ := instanceForTest(t)
	for _, zone := range []string{"", "/z/de-fra-1"} {
		path := zone + "/v2/dbaas-postgres/" + uuid.NewString() + ":start?x=y"
		assert.Equal(t, http.StatusNotImplemented, get(t, in.contact.Base+path, nil))
	}
	var report strings.Builder
	in.border.report(&report, "terraform")
	assert.Equal(t, "\nfakecloud: terraform asked for things that are not emulated:\n"+
		"     2 x GET /v2/dbaas-postgres/{id}:start\n", report.String())
}

func TestAProxyIsNotItsOwnUpstream(t *testing.T) {
	t.Parallel()
	self, err := url.Parse("http://127.0.0.1:8929")
	require.NoError(t, err)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://example.test", http.NoBody)
	require.NoError(t, err)
	for _, name := range []string{"HTTPS_PROXY", "https_proxy"} {
		for address, want := range map[string]*url.URL{self.Host: nil, "127.0.0.1:3128": self} {
			via, err := upstream(address, []string{name + "=" + self.String()})(request)
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
		assert.Equal(t, c.want, directHosts([]string{"A=b", "no_proxy=" + c.present}), c.present)
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

// instanceForTest is an instance on paper; its log is returned, too.
func instanceForTest(t *testing.T) (in *instance, log *output) {
	t.Helper()
	log = new(output)
	in, err := start(t.Context(), settings{listen: "127.0.0.1:0", machines: "memory", zone: "at-vie-1", speed: 1e6}, nil, log)
	require.NoError(t, err)
	t.Cleanup(in.close)
	return in, log
}

func TestOtherHostsAreReached(t *testing.T) {
	t.Parallel()
	in, log := instanceForTest(t)
	target := elsewhere(t)
	client := behind(t, in)
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

func TestTunnelsEndWithTheInstance(t *testing.T) {
	t.Parallel()
	in, _ := instanceForTest(t)
	target := elsewhere(t)
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(in.contact.Base, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	_, err = io.WriteString(conn, "CONNECT "+target.Listener.Addr().String()+" HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	r := bufio.NewReader(conn)
	line, err := r.ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, line, "200")

	closed, cancel := context.WithCancel(t.Context())
	go func() { in.close(); cancel() }()

	await(t, func() bool { return closed.Err() != nil })
	_, err = io.Copy(io.Discard, r)
	assert.NoError(t, err, "the other side has ended")
}

func TestWarningsAreShownUnasked(t *testing.T) {
	t.Parallel()
	in, log := instanceForTest(t)
	var found struct {
		Templates []map[string]any `json:"templates"`
		Types     []map[string]any `json:"instance-types"`
		Instances []struct {
			ID string `json:"id"`
		} `json:"instances"`
	}
	for _, path := range []string{"/v2/template", "/v2/instance-type"} {
		require.NoError(t, in.cloud.Call(t.Context(), http.MethodGet, path, nil, &found))
	}
	_, err := in.cloud.Do(t.Context(), http.MethodPost, "/v2/instance-pool", map[string]any{
		"name": "web", "size": 1, "disk-size": 10, "instance-type": found.Types[0], "template": found.Templates[0],
	})
	require.NoError(t, err)
	require.NoError(t, in.cloud.Call(t.Context(), http.MethodGet, "/v2/instance", nil, &found))
	_, err = in.cloud.Faults().Add(exoapi.Fault{Name: exoapi.FaultQuotaReached, Operation: exoapi.AnyOperation})
	require.NoError(t, err)
	_, err = in.cloud.Do(t.Context(), http.MethodDelete, "/v2/instance/"+found.Instances[0].ID, nil)
	require.NoError(t, err)
	await(t, func() bool { return strings.Contains(log.String(), "members are not replaced yet") })
}
