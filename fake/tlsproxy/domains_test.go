package tlsproxy_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/tlsproxy"
)

// told collects what the proxy reports.
type told struct {
	mu   sync.Mutex
	seen []string
}

func (t *told) add(host, reason string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seen = append(t.seen, host+": "+reason)
}

func (t *told) all() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]string(nil), t.seen...)
}

func TestSeveralDomainsAreAnsweredHere(t *testing.T) {
	t.Parallel()
	reported := &told{}
	domains := []string{"exoscale.com", "exo.io"}
	p, address := newProxy(t, tlsproxy.Config{Domains: domains, Unserved: reported.add})
	client := clientOf(t, p, address)
	for _, host := range []string{"api-at-vie-1.exoscale.com", "bucket.sos-at-vie-1.exo.io", "exo.io"} {
		_, body, err := fetch(t, client, "https://"+host+"/x")
		require.NoError(t, err)
		assert.Equal(t, "GET "+host+" /x", body)
	}
	assert.Empty(t, reported.all())

	cert := first(t, p.Bundle(""))
	assert.True(t, cert.PermittedDNSDomainsCritical)
	assert.ElementsMatch(t, domains, cert.PermittedDNSDomains, "and no other")
}

func TestWhoSendsNoRequestIsToldOf(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		client func(t *testing.T, p *tlsproxy.Proxy, address string)
		want   string
	}{
		"no trust":          {distrustful(tls.VersionTLS13), "sos-at-vie-1.exoscale.com: the client does not trust the certificate"},
		"no trust, TLS 1.2": {distrustful(tls.VersionTLS12), "sos-at-vie-1.exoscale.com: the client does not trust the certificate"},
		"no greeting": {func(t *testing.T, _ *tlsproxy.Proxy, address string) {
			t.Helper()
			conn, reader := connect(t, address, "sos-at-vie-1.exoscale.com:443")
			_, err := reader.ReadString('\n')
			require.NoError(t, err)
			require.NoError(t, conn.Close())
		}, "sos-at-vie-1.exoscale.com: no request came"},
		"another port": {func(t *testing.T, p *tlsproxy.Proxy, address string) {
			t.Helper()
			_, _, err := fetch(t, clientOf(t, p, address), "https://db.exoscale.com:21699/")
			assert.ErrorContains(t, err, "port 21699 is not served")
		}, "db.exoscale.com: port 21699 is not served"},
		"another host": {func(t *testing.T, p *tlsproxy.Proxy, address string) {
			t.Helper()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://a.exoscale.com/", http.NoBody)
			require.NoError(t, err)
			req.Host = "example.test"
			resp, err := clientOf(t, p, address).Do(req)
			require.NoError(t, err)
			_, _ = io.Copy(io.Discard, resp.Body)
			require.NoError(t, resp.Body.Close())
			assert.Equal(t, http.StatusMisdirectedRequest, resp.StatusCode)
		}, "a.exoscale.com: the request was for another host"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reported := &told{}
			p, address := newProxy(t, tlsproxy.Config{Unserved: reported.add})
			test.client(t, p, address)
			require.Eventually(t, func() bool { return len(reported.all()) > 0 }, 10*time.Second, time.Millisecond)
			assert.Equal(t, []string{test.want}, reported.all())
		})
	}
}

// distrustful is a client that trusts another authority.
func distrustful(version uint16) func(*testing.T, *tlsproxy.Proxy, string) {
	return func(t *testing.T, _ *tlsproxy.Proxy, address string) {
		t.Helper()
		another, _ := newProxy(t, tlsproxy.Config{})
		client := clientOf(t, another, address)
		transport, ok := client.Transport.(*http.Transport)
		require.True(t, ok)
		transport.TLSClientConfig.MaxVersion = version
		_, _, err := fetch(t, client, "https://sos-at-vie-1.exoscale.com/")
		assert.Error(t, err)
	}
}

// Clients open connections in advance, or two at a time, and need one. Others do not
// trust the certificate and do not say so.
func TestUnusedConnectionsAreToldOfIfTheirHostGotNothingElse(t *testing.T) {
	t.Parallel()
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		reported := &told{}
		p, address := newProxy(t, tlsproxy.Config{Unserved: reported.add})
		_, _, err := fetch(t, clientOf(t, p, address), "https://used.exoscale.com/")
		require.NoError(t, err)
		for _, host := range []string{"used.exoscale.com", "silent.exoscale.com"} {
			raw, reader := connect(t, address, host+":443")
			for line := ""; line != "\r\n"; {
				line, err = reader.ReadString('\n')
				require.NoError(t, err)
			}
			roots := x509.NewCertPool()
			require.True(t, roots.AppendCertsFromPEM(p.Bundle("")))
			conn := tls.Client(raw, &tls.Config{RootCAs: roots, ServerName: host, MinVersion: version, MaxVersion: version})
			require.NoError(t, conn.HandshakeContext(t.Context()))
			require.NoError(t, conn.Close())
		}
		require.NoError(t, p.Close(t.Context()), "then all is told")
		assert.Equal(t, []string{"silent.exoscale.com: no request came"}, reported.all(), tls.VersionName(version))
	}
}
