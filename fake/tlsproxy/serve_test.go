package tlsproxy_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/tlsproxy"
)

// serve returns a client for which every name leads to the proxy's listener.
func serve(t *testing.T, c tlsproxy.Config) *http.Client {
	t.Helper()
	p, _ := newProxy(t, c)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- p.Serve(listener) }()
	t.Cleanup(func() {
		require.NoError(t, p.Close(context.WithoutCancel(t.Context())))
		require.NoError(t, <-ended, "the end of the proxy is no error")
	})
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(p.Bundle("")))
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", listener.Addr().String())
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 10 * time.Second}
}

func TestNamesThatLeadHereAreAnswered(t *testing.T) {
	t.Parallel()
	client := serve(t, tlsproxy.Config{})
	for address, want := range map[string]string{
		"https://api-at-vie-1.exoscale.com/v2/zone":  "GET api-at-vie-1.exoscale.com /v2/zone",
		"https://API-CH-GVA-2.Exoscale.com:443/v2/x": "GET api-ch-gva-2.exoscale.com /v2/x",
	} {
		_, body, err := fetch(t, client, address)
		require.NoError(t, err, address)
		assert.Equal(t, want, body)
	}
}

func TestOtherNamesThatLeadHereAreTurnedAway(t *testing.T) {
	t.Parallel()
	client := serve(t, tlsproxy.Config{})
	_, _, err := fetch(t, client, "https://example.test/")
	require.Error(t, err)

	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://api-at-vie-1.exoscale.com/", http.NoBody)
	require.NoError(t, err)
	req.Host = "api-ch-gva-2.exoscale.com"
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, http.StatusMisdirectedRequest, resp.StatusCode, "a name in the request that differs")
}

func TestNeighboursAnswerForTheirDomains(t *testing.T) {
	t.Parallel()
	neighbour, _ := newProxy(t, tlsproxy.Config{Domains: []string{"apt.example.test"}, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "package "+r.Host+r.URL.Path)
	})})
	client := serve(t, tlsproxy.Config{Neighbours: []*tlsproxy.Proxy{neighbour}})
	transport, ok := client.Transport.(*http.Transport)
	require.True(t, ok)
	require.True(t, transport.TLSClientConfig.RootCAs.AppendCertsFromPEM(neighbour.Bundle("")))
	for address, want := range map[string]string{
		"https://apt.example.test/key":              "package apt.example.test/key",
		"https://api-at-vie-1.exoscale.com/v2/zone": "GET api-at-vie-1.exoscale.com /v2/zone",
	} {
		_, body, err := fetch(t, client, address)
		require.NoError(t, err, address)
		assert.Equal(t, want, body)
	}
	_, _, err := fetch(t, client, "https://example.test/")
	assert.Error(t, err)
}

func TestAnAuthorityMayBeMadeInAdvance(t *testing.T) {
	t.Parallel()
	authority, err := tlsproxy.NewAuthority(domain)
	require.NoError(t, err)
	p, _ := newProxy(t, tlsproxy.Config{Authority: authority})
	assert.Contains(t, string(p.Bundle("")), string(authority.PEM()))

	_, err = tlsproxy.New(tlsproxy.Config{Domains: []string{"example.test"}, Handler: http.NotFoundHandler(), Authority: authority})
	require.ErrorContains(t, err, `the authority is for ["exoscale.com"]`)
	_, err = tlsproxy.NewAuthority("Exoscale.com")
	require.Error(t, err)
}
