package tlsproxy_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/tlsproxy"
)

func TestTheDomainIsAnsweredHere(t *testing.T) {
	t.Parallel()
	client := anyClient(t)
	for address, want := range map[string]string{
		"https://api-at-vie-1.exoscale.com/v2/zone?a=b":  "GET api-at-vie-1.exoscale.com /v2/zone?a=b",
		"https://api-ch-gva-2.exoscale.com:443/v2/x%2Fy": "GET api-ch-gva-2.exoscale.com /v2/x%2Fy",
		"https://API.Exoscale.COM./v2":                   "GET api.exoscale.com /v2",
		"https://a.b.sos-at-vie-1.exoscale.com/":         "GET a.b.sos-at-vie-1.exoscale.com /",
		"https://exoscale.com/":                          "GET exoscale.com /",
		"http://www.exoscale.com/plain":                  "GET www.exoscale.com /plain",
		"http://exoscale.com.:8080/":                     "GET exoscale.com /",
	} {
		status, body, err := fetch(t, client, address)
		if assert.NoError(t, err, address) {
			assert.Equal(t, http.StatusOK, status, address)
			assert.Equal(t, want, body)
		}
	}
}

// anyClient returns a client of a new proxy.
func anyClient(t *testing.T) *http.Client {
	t.Helper()
	p, address := newProxy(t, tlsproxy.Config{})
	return clientOf(t, p, address)
}

func TestOtherPortsOfTheDomainAreRefused(t *testing.T) {
	t.Parallel()
	_, _, err := fetch(t, anyClient(t), "https://api-at-vie-1.exoscale.com:8443/")
	assert.ErrorContains(t, err, "connect to api-at-vie-1.exoscale.com: port 8443 is not served")
}

// elsewhere is a host outside the domain, with a certificate of its own.
func elsewhere(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "elsewhere")
	}))
	t.Cleanup(server.Close)
	return server
}

func TestOtherHostsAreReachedUnread(t *testing.T) {
	t.Parallel()
	target := elsewhere(t)
	p, address := newProxy(t, tlsproxy.Config{})
	// The client trusts this certificate and no other for that host.
	_, body, err := fetch(t, clientOf(t, p, address, target.Certificate()), target.URL)
	require.NoError(t, err)
	assert.Equal(t, "elsewhere", body)
}

func TestOtherHostsArePassedOnWithoutEncryptionToo(t *testing.T) {
	t.Parallel()
	target := httptest.NewServer(http.HandlerFunc(echo))
	t.Cleanup(target.Close)
	_, body, err := fetch(t, anyClient(t), target.URL+"/x?y=z")
	require.NoError(t, err)
	assert.Equal(t, "GET "+target.Listener.Addr().String()+" /x?y=z", body)
}

func TestHostsThatCannotBeReachedAreNamed(t *testing.T) {
	t.Parallel()
	target := elsewhere(t)
	target.Close()
	client := anyClient(t)
	_, _, err := fetch(t, client, target.URL)
	require.ErrorContains(t, err, "dial tcp "+target.Listener.Addr().String())

	status, body, err := fetch(t, client, strings.Replace(target.URL, "https", "http", 1))
	require.NoError(t, err)
	assert.Equal(t, http.StatusBadGateway, status)
	assert.Contains(t, body, target.Listener.Addr().String())
}

func TestTheUsersOwnProxyIsUsedForOtherHosts(t *testing.T) {
	t.Parallel()
	direct, err := tlsproxy.New(tlsproxy.Config{Domains: []string{"none.test"}, Handler: http.NotFoundHandler()})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, direct.Close(context.WithoutCancel(t.Context()))) })
	asked := make(chan *http.Request, 10)
	own := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r
		direct.ServeHTTP(w, r)
	}))
	t.Cleanup(own.Close)
	via, err := url.Parse(own.URL)
	require.NoError(t, err)
	via.User = url.UserPassword("u", "p")
	p, address := newProxy(t, tlsproxy.Config{Upstream: http.ProxyURL(via)})
	target := elsewhere(t)
	client := clientOf(t, p, address, target.Certificate())

	_, body, err := fetch(t, client, target.URL)
	require.NoError(t, err)
	assert.Equal(t, "elsewhere", body)
	request := <-asked
	assert.Equal(t, target.Listener.Addr().String(), request.Host)
	assert.Equal(t, "Basic dTpw", request.Header.Get("Proxy-Authorization"))

	_, _, err = fetch(t, client, "https://api-at-vie-1.exoscale.com/")
	require.NoError(t, err)
	assert.Empty(t, asked, "the domain stays here")

	client.CloseIdleConnections()
	target.Close()
	_, _, err = fetch(t, client, target.URL)
	require.ErrorContains(t, err, "the proxy says 502")

	via.Scheme = "socks5"
	_, _, err = fetch(t, client, target.URL)
	require.ErrorContains(t, err, "is not of the form http://HOST:PORT")
	assert.NotContains(t, err.Error(), "u:p", "a password is a secret")
}

func TestRequestsForAnotherHostThanConnectedToAreRefused(t *testing.T) {
	t.Parallel()
	client := anyClient(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://api-at-vie-1.exoscale.com/", http.NoBody)
	require.NoError(t, err)
	req.Host = "example.test"
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, http.StatusMisdirectedRequest, resp.StatusCode)
}

func TestConnectionsAreReused(t *testing.T) {
	t.Parallel()
	p, err := tlsproxy.New(tlsproxy.Config{Domains: []string{domain}, Handler: http.HandlerFunc(echo)})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Close(context.WithoutCancel(t.Context()))) })
	connects := make(chan struct{}, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connects <- struct{}{}
		p.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	client := clientOf(t, p, server.URL)
	for range 3 {
		_, _, err := fetch(t, client, "https://api-at-vie-1.exoscale.com/")
		require.NoError(t, err)
	}
	assert.Len(t, connects, 1)
}

func TestAHandlerThatGivesUpDropsTheConnection(t *testing.T) {
	t.Parallel()
	p, address := newProxy(t, tlsproxy.Config{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		panic(http.ErrAbortHandler)
	})})
	_, _, err := fetch(t, clientOf(t, p, address), "https://api-at-vie-1.exoscale.com/")
	assert.ErrorIs(t, err, io.EOF)
}

func TestLongHeadersAreRefused(t *testing.T) {
	t.Parallel()
	client := anyClient(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://api-at-vie-1.exoscale.com/", http.NoBody)
	require.NoError(t, err)
	req.Header.Set("X-Long", strings.Repeat("x", 128<<10))
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, http.StatusRequestHeaderFieldsTooLarge, resp.StatusCode)
}

func TestWhatIsNoRequestToAProxyIsRefused(t *testing.T) {
	t.Parallel()
	_, address := newProxy(t, tlsproxy.Config{})
	status, _, err := fetch(t, http.DefaultClient, address)
	require.NoError(t, err)
	assert.Equal(t, http.StatusBadRequest, status)

	conn, reader := connect(t, address, "exoscale.com")
	defer conn.Close()
	line, err := reader.ReadString('\n')
	require.NoError(t, err)
	assert.Equal(t, `HTTP/1.1 400 connect to "exoscale.com": want HOST:PORT`, strings.TrimSpace(line))
}

// connect sends a CONNECT request.
func connect(t *testing.T, address, target string) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(address, "http://"))
	require.NoError(t, err)
	require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	_, err = io.WriteString(conn, "CONNECT "+target+" HTTP/1.1\r\nHost: "+target+"\r\n\r\n")
	require.NoError(t, err)
	return conn, bufio.NewReader(conn)
}

func TestConnectionsEndWithTheProxy(t *testing.T) {
	t.Parallel()
	p, address := newProxy(t, tlsproxy.Config{})
	var open []io.Reader
	for _, target := range []string{elsewhere(t).Listener.Addr().String(), "api-at-vie-1.exoscale.com:443"} {
		conn, reader := connect(t, address, target)
		t.Cleanup(func() { _ = conn.Close() })
		line, err := reader.ReadString('\n')
		require.NoError(t, err)
		require.Contains(t, line, "200", target)
		open = append(open, reader)
	}
	grace, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_ = p.Close(grace) // a client that has not even greeted is in the way
	for _, reader := range open {
		_, err := io.Copy(io.Discard, reader)
		assert.NoError(t, err, "the other side has ended")
	}

	status, _, err := fetch(t, http.DefaultClient, address)
	require.NoError(t, err)
	assert.Equal(t, http.StatusServiceUnavailable, status, "what comes later")
}

func TestWhatCannotBeInterceptedIsRefused(t *testing.T) {
	t.Parallel()
	for _, domain := range []string{"", "Exoscale.com", "exoscale.com."} {
		_, err := tlsproxy.New(tlsproxy.Config{Domains: []string{domain}, Handler: http.NotFoundHandler()})
		assert.Error(t, err, domain)
	}
	_, err := tlsproxy.New(tlsproxy.Config{Domains: []string{domain}})
	assert.Error(t, err)
}
