package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

func TestClientsThatIgnoreTheEndpointAreKeptFromTheRealCloud(t *testing.T) {
	t.Parallel()
	args, environ := child(t, "stray")
	// Whatever proxy the user has, or exempts the real cloud from.
	term := newTerminal(t, environ, "https_proxy=http://127.0.0.1:1", "NO_PROXY=*,.exoscale.com", "no_proxy=com")
	require.Equal(t, 0, term.run(t.Context(), args), term.err)
	const why = "keeps clients from api-ch-gva-2.exoscale.com"
	assert.Contains(t, term.out.String(), why, "the client shows why")
	assert.Equal(t, 1, strings.Count(term.err.String(), why), term.err)
}

func TestHostsOfTheRealCloudAreRefused(t *testing.T) {
	t.Parallel()
	f := &fence{log: io.Discard}
	for target, refused := range map[string]bool{
		"api.exoscale.com:443": true, "API-at-vie-1.Exoscale.COM:443": true, "exoscale.com.:443": true, "exoscale.com": true,
		"exoscale.com.example.test:443": false, "notexoscale.com:443": false, "192.0.2.1:443": false, "[2001:db8::1]:443": false,
	} {
		assert.Equal(t, refused, f.check(target) != nil, target)
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
	} {
		assert.Equal(t, c.want, directHosts([]string{"A=b", "no_proxy=" + c.present}), c.present)
	}
}

// through makes a call by way of a proxy, and returns the answer's body.
func through(t *testing.T, proxy string, server *httptest.Server) (string, error) {
	t.Helper()
	via, err := url.Parse(proxy)
	require.NoError(t, err)
	transport, ok := server.Client().Transport.(*http.Transport)
	require.True(t, ok)
	transport = transport.Clone()
	transport.Proxy = http.ProxyURL(via)
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, http.NoBody)
	require.NoError(t, err)
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
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
	in, err := start(t.Context(), settings{listen: "127.0.0.1:0", machines: "memory", zone: "at-vie-1", speed: 1e6}, log)
	require.NoError(t, err)
	t.Cleanup(in.close)
	return in, log
}

func TestOtherHostsAreReached(t *testing.T) {
	t.Parallel()
	in, log := instanceForTest(t)
	body, err := through(t, in.contact.Base, elsewhere(t))
	require.NoError(t, err)
	assert.Equal(t, "elsewhere", body)
	assert.Empty(t, log.String())
}

func TestHostsThatCannotBeReachedAreNamed(t *testing.T) {
	t.Parallel()
	in, _ := instanceForTest(t)
	gone := elsewhere(t)
	gone.Close()
	_, err := through(t, in.contact.Base, gone)
	assert.ErrorContains(t, err, "dial tcp "+gone.Listener.Addr().String())
}

func TestTheUsersOwnProxyIsUsed(t *testing.T) {
	t.Parallel()
	direct := &fence{proxy: func(*http.Request) (*url.URL, error) { return nil, errors.New("none") }}
	var asked, password string
	own := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.Host
		password = r.Header.Get("Proxy-Authorization")
		direct.ServeHTTP(w, r)
	}))
	t.Cleanup(own.Close)
	via, err := url.Parse(own.URL)
	require.NoError(t, err)
	via.User = url.UserPassword("u", "p")
	chained := httptest.NewServer(&fence{proxy: http.ProxyURL(via)})
	t.Cleanup(chained.Close)

	target := elsewhere(t)
	body, err := through(t, chained.URL, target)
	require.NoError(t, err)
	assert.Equal(t, "elsewhere", body)
	assert.Equal(t, target.Listener.Addr().String(), asked)
	assert.Equal(t, "Basic dTpw", password)

	target.Close()
	_, err = through(t, chained.URL, target)
	require.ErrorContains(t, err, "the proxy says 502")

	via.Scheme = "socks5"
	_, err = through(t, chained.URL, target)
	require.ErrorContains(t, err, "is not of the form http://HOST:PORT")
	assert.NotContains(t, err.Error(), "u:p", "a password is a secret")
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
