package tlsproxy_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/tlsproxy"
)

const domain = "exoscale.com"

// echo answers with what it was asked.
func echo(w http.ResponseWriter, r *http.Request) {
	_, _ = fmt.Fprintf(w, "%s %s %s", r.Method, r.Host, r.URL)
}

// newProxy returns a proxy that listens, and its address.
func newProxy(t *testing.T, c tlsproxy.Config) (p *tlsproxy.Proxy, address string) {
	t.Helper()
	if c.Domains == nil {
		c.Domains = []string{domain}
	}
	if c.Handler == nil {
		c.Handler = http.HandlerFunc(echo)
	}
	p, err := tlsproxy.New(c)
	require.NoError(t, err)
	server := httptest.NewServer(p)
	t.Cleanup(func() {
		require.NoError(t, p.Close(context.WithoutCancel(t.Context())))
		server.Close()
	})
	return p, server.URL
}

// clientOf returns a client that knows a proxy and trusts its authority, and
// whoever else is given.
func clientOf(t *testing.T, p *tlsproxy.Proxy, address string, others ...*x509.Certificate) *http.Client {
	t.Helper()
	via, err := url.Parse(address)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(p.Bundle("")))
	for _, other := range others {
		roots.AddCert(other)
	}
	transport := &http.Transport{
		Proxy: http.ProxyURL(via), TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 10 * time.Second}
}

// fetch returns the status and the body of an answer.
func fetch(t *testing.T, client *http.Client, address string) (status int, body string, err error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	require.NoError(t, err)
	resp, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(text), nil
}
