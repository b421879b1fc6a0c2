package tlsproxy_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/tlsproxy"
)

// However a host of the domains is written, no other host gets the request.
func FuzzNothingOfTheDomainLeaves(f *testing.F) {
	for _, target := range []string{
		"api-at-vie-1.exoscale.com:443", "API.Exoscale.COM.:443", "exoscale.com..:80", "user@exoscale.com:443",
		"example.test:443", "127.0.0.1:443", "[::1]:443", "exoscale.com", ":443", "x:y:z", "exoscale.com%2e:443", "exoscale\u3002com:443",
		"sos-at-vie-1.exo.io:443", "Bucket.SOS-at-vie-1.EXO.io.:443", "example.test#.exoscale.com:443", "exoscale.com/.example.test:443", " exoscale.com:443",
	} {
		f.Add(target)
	}
	var asked []string
	p, err := tlsproxy.New(tlsproxy.Config{
		Domains: []string{domain, "exo.io"}, Handler: http.NotFoundHandler(),
		Upstream: func(r *http.Request) (*url.URL, error) {
			asked = append(asked, r.URL.Host)
			return nil, errors.New("no such host")
		},
	})
	require.NoError(f, err)
	f.Cleanup(func() { assert.NoError(f, p.Close(context.Background())) })
	f.Fuzz(func(t *testing.T, target string) {
		asked = nil
		for _, r := range []*http.Request{
			{Method: http.MethodConnect, Host: target, URL: &url.URL{Host: target}},
			{Method: http.MethodGet, Host: target, URL: &url.URL{Scheme: "http", Host: target, Path: "/"}},
		} {
			p.ServeHTTP(httptest.NewRecorder(), r.WithContext(t.Context()))
		}
		for _, host := range asked {
			understood, err := url.Parse("https://" + host)
			require.NoError(t, err, host)
			name := strings.Trim(strings.ToLower(understood.Hostname()), ".")
			for _, d := range []string{domain, "exo.io"} {
				assert.False(t, name == d || strings.HasSuffix(name, "."+d), "%q left as %q", target, host)
			}
		}
	})
}
