package tlsproxy_test

import (
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
	const silent = ": no request came, such as from programs that do not trust the certificate"
	for name, test := range map[string]struct {
		client func(t *testing.T, p *tlsproxy.Proxy, address string)
		want   string
	}{
		"no trust": {func(t *testing.T, _ *tlsproxy.Proxy, address string) {
			t.Helper()
			another, _ := newProxy(t, tlsproxy.Config{})
			_, _, err := fetch(t, clientOf(t, another, address), "https://sos-at-vie-1.exoscale.com/")
			assert.Error(t, err)
		}, "sos-at-vie-1.exoscale.com" + silent},
		"no greeting": {func(t *testing.T, _ *tlsproxy.Proxy, address string) {
			t.Helper()
			conn, reader := connect(t, address, "sos-at-vie-1.exoscale.com:443")
			_, err := reader.ReadString('\n')
			require.NoError(t, err)
			require.NoError(t, conn.Close())
		}, "sos-at-vie-1.exoscale.com" + silent},
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
