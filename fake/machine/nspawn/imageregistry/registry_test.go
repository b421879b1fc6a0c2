package imageregistry_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/nspawn/imageregistry"
)

func TestLoadGeneratorIsThisProgramUnderAllOfItsNames(t *testing.T) {
	image, err := imageregistry.LoadGenerator(t.Context())
	require.NoError(t, err)
	s := serve(t, offline{syscall.ENETUNREACH}, image)
	for _, named := range []string{
		"janoszen/http-load-generator", "janoszen/http-load-generator:1.0.1", "docker.io/janoszen/http-load-generator:1.0.0",
		"quay.io/janoszen/http-load-generator", "quay.io/janoszen/http-load-generator:1.0.1", "quay.io/janoszen/http-load-generator:latest",
	} {
		config, err := s.mustPull(t, named).ConfigFile()
		require.NoError(t, err)
		assert.Equal(t, []string{"/http-load-generator", "exopool-http-load-generator"}, config.Config.Entrypoint)
		assert.Equal(t, "65534:65534", config.Config.User)
		assert.Contains(t, config.Config.ExposedPorts, "8080/tcp")
	}
	assert.Empty(t, s.FailedPulls())
}

func TestHostsAreTheKnownOnesAndThoseOfImages(t *testing.T) {
	dir := newLayout(t, mutate.IndexAddendum{Add: ours(t)})
	s := serve(t, nil, open(t, "registry.example.com:5000/a/b:1", dir), open(t, "Registry.Example.com:443/a/b:1", dir))
	assert.Subset(t, s.Hosts(), []string{"quay.io", "registry-1.docker.io", "registry.example.com", "registry.example.com:5000"})
	s.mustPull(t, "registry.example.com/a/b:1")
}

func TestAskingWithoutFetching(t *testing.T) {
	image := ours(t)
	s := serve(t, nil, open(t, "nginx", newLayout(t, mutate.IndexAddendum{Add: image})))
	req, err := http.NewRequest(http.MethodHead, "https://registry-1.docker.io/v2/library/nginx/manifests/latest", nil)
	require.NoError(t, err)
	resp, err := s.transport.RoundTrip(req)
	require.NoError(t, err)
	resp.Body.Close()
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	assert.Equal(t, digest(t, image), resp.Header.Get("Docker-Content-Digest"))
	assert.Equal(t, "application/vnd.docker.distribution.manifest.v2+json", resp.Header.Get("Content-Type"))
	assert.Positive(t, resp.ContentLength)
}

// asHub asks Docker Hub where engines do; this client does otherwise.
func asHub(t *testing.T, transport http.RoundTripper) http.RoundTripper {
	t.Helper()
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		if req.URL.Host == "index.docker.io" {
			req = req.Clone(req.Context())
			req.URL.Host, req.Host = "registry-1.docker.io", "registry-1.docker.io"
		}
		return transport.RoundTrip(req)
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func TestOtherHostsAreNotServed(t *testing.T) {
	_, err := serve(t, nil).pull(t, "example.com/a")
	assert.ErrorContains(t, err, "no registry is served at example.com")
}

func TestWithoutAWayOutAPullFailsAtOnceAndIsRemembered(t *testing.T) {
	for _, c := range []struct {
		err    error
		reason string
	}{
		{&net.OpError{Op: "dial", Err: syscall.ENETUNREACH}, "no route to registry-1.docker.io"},
		{&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host"}}, "no address of registry-1.docker.io can be found"},
		{&net.OpError{Op: "dial", Err: syscall.ETIMEDOUT}, "registry-1.docker.io does not answer"},
		{errors.New("broken"), "registry-1.docker.io cannot be reached (broken)"},
	} {
		s := serve(t, offline{c.err})
		s.transport = asHub(t, s.transport)
		_, err := s.pull(t, "prom/prometheus")
		var refused *transport.Error
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, http.StatusNotFound, refused.StatusCode, "engines do not try again")
		assert.ErrorContains(t, err, c.reason+"; give it with -image prom/prometheus=ARCHIVE")
		assert.Equal(t, []imageregistry.FailedPull{{
			Machine: machine, Image: "prom/prometheus:latest", Reason: c.reason, Remedy: "give it with -image prom/prometheus=ARCHIVE",
		}}, s.FailedPulls())
		assert.Equal(t, "web pulled prom/prometheus:latest and did not get it: "+c.reason+"; give it with -image prom/prometheus=ARCHIVE",
			s.FailedPulls()[0].String())
		assert.Equal(t, 1, strings.Count(s.log.String(), "machine did not get an image"))
	}
	s := serve(t, offline{syscall.ENETUNREACH})
	for _, named := range []string{"nginx:1.27", "quay.io/prometheus/node-exporter"} {
		_, err := s.pull(t, named)
		require.Error(t, err)
	}
	assert.Equal(t, "nginx:1.27", s.FailedPulls()[0].Image)
	assert.Equal(t, "quay.io/prometheus/node-exporter:latest", s.FailedPulls()[1].Image)
}

// A wary registry wants a token, as public ones do, and has one image.
type wary struct {
	with    site
	missing int // the answer for all others
}

func (r wary) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	switch {
	case strings.HasPrefix(req.URL.Path, "/token"):
		_, _ = io.WriteString(w, `{"token":"t"}`)
	case req.Header.Get("Authorization") != "Bearer t":
		w.Header().Set("WWW-Authenticate", `Bearer realm="https://`+req.Host+`/token",service="s"`)
		w.WriteHeader(http.StatusUnauthorized)
	case !strings.Contains(req.URL.Path, "there") && req.URL.Path != "/v2/":
		w.WriteHeader(r.missing)
	default:
		r.with.ServeHTTP(w, req)
	}
}

func TestWhatIsNotGivenComesFromTheRealRegistry(t *testing.T) {
	image := ours(t)
	origin := serve(t, offline{syscall.ENETUNREACH}, open(t, "quay.io/is/there:1", newLayout(t, mutate.IndexAddendum{Add: image})))
	s := serve(t, leadTo(t, wary{origin, 0}), open(t, "quay.io/given/too:1", newLayout(t, mutate.IndexAddendum{Add: ours(t)})))
	assert.Equal(t, digest(t, image), digest(t, s.mustPull(t, "quay.io/is/there:1")))
	s.mustPull(t, "quay.io/given/too:1")
	assert.Empty(t, s.FailedPulls())
}

func TestWhatTheRealRegistryRefusesIsRemembered(t *testing.T) {
	for code, reason := range map[int]string{
		http.StatusNotFound:            "quay.io has no such image",
		http.StatusUnauthorized:        "quay.io denies it: it does not exist, or is not public",
		http.StatusTooManyRequests:     "quay.io limits pulls from this address (429)",
		http.StatusInternalServerError: "quay.io answers 500 Internal Server Error",
	} {
		s := serve(t, leadTo(t, wary{site{}, code}))
		_, err := s.pull(t, "quay.io/not/here:1")
		require.Error(t, err)
		require.Len(t, s.FailedPulls(), 1, code)
		assert.Equal(t, reason, s.FailedPulls()[0].Reason)
	}
}

func TestPullThatWorksInTheEndIsForgotten(t *testing.T) {
	image := ours(t)
	origin := serve(t, nil, open(t, "quay.io/is/there:1", newLayout(t, mutate.IndexAddendum{Add: image})))
	ready := false
	s := serve(t, leadTo(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if !ready && req.URL.Path != "/v2/" {
			http.NotFound(w, req)
			return
		}
		origin.ServeHTTP(w, req)
	})))
	_, err := s.pull(t, "quay.io/is/there:1")
	require.Error(t, err)
	require.Len(t, s.FailedPulls(), 1)
	ready = true
	s.mustPull(t, "quay.io/is/there:1")
	assert.Empty(t, s.FailedPulls())
}

func TestRegistryThatCannotBeReachedIsNotTriedAgainAtOnce(t *testing.T) {
	tries := 0
	s := serve(t, roundTripper(func(*http.Request) (*http.Response, error) {
		tries++
		return nil, syscall.EHOSTUNREACH
	}))
	for _, named := range []string{"quay.io/a/a", "quay.io/b/b"} {
		_, err := s.pull(t, named)
		require.ErrorContains(t, err, "no route to quay.io")
	}
	assert.Equal(t, 1, tries)
	_, err := s.pull(t, "ghcr.io/a/a")
	require.Error(t, err)
	assert.Equal(t, 2, tries)
}

func TestFailedPullsAreBounded(t *testing.T) {
	s := serve(t, offline{syscall.ENETUNREACH})
	for i := range 300 {
		req, err := http.NewRequest(http.MethodGet, fmt.Sprintf("https://quay.io/v2/a/b/manifests/%d", i), nil)
		require.NoError(t, err)
		resp, err := s.transport.RoundTrip(req)
		require.NoError(t, err)
		resp.Body.Close()
	}
	pulls := s.FailedPulls()
	require.Len(t, pulls, 256)
	assert.Equal(t, "quay.io/a/b:299", pulls[255].Image)
}
