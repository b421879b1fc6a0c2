package imageregistry_test

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/exopool/exopool/fake/loadgen"
	"github.com/exopool/exopool/fake/machine/nspawn/imageregistry"
)

func TestMain(m *testing.M) {
	if code, ok := loadgen.Run(context.Background(), os.Args, os.Stderr); ok {
		os.Exit(code)
	}
	goleak.VerifyTestMain(m)
}

// machine is who pulls in these tests.
var machine = imageregistry.Machine{ID: "1", Name: "web"}

// A site is a registry that clients reach under any name.
type site struct {
	*imageregistry.Registry

	transport http.RoundTripper // leads to it, whatever the host
	log       *strings.Builder
}

// serve offers some images. What it does not have, upstream has.
func serve(t *testing.T, upstream http.RoundTripper, images ...*imageregistry.Image) site {
	t.Helper()
	log := &strings.Builder{}
	r := imageregistry.New(imageregistry.Config{
		Images: images, Upstream: upstream, Logger: slog.New(slog.NewTextHandler(log, nil)),
		Machine: func(netip.Addr) imageregistry.Machine { return machine },
	})
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	return site{r, leadTo(t, r), log}
}

// leadTo serves by TLS, and returns what leads all connections there.
func leadTo(t *testing.T, handler http.Handler) *http.Transport {
	t.Helper()
	server := httptest.NewTLSServer(handler)
	t.Cleanup(server.Close)
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// pull does what an engine does.
func (s site) pull(t *testing.T, image string) (v1.Image, error) {
	t.Helper()
	ref, err := name.ParseReference(image)
	require.NoError(t, err)
	return remote.Image(ref, remote.WithContext(t.Context()), remote.WithTransport(s.transport), remote.WithRetryBackoff(remote.Backoff{Steps: 1}))
}

// mustPull pulls an image with all that belongs to it.
func (s site) mustPull(t *testing.T, image string) v1.Image {
	t.Helper()
	pulled, err := s.pull(t, image)
	require.NoError(t, err, image)
	layers, err := pulled.Layers()
	require.NoError(t, err)
	for _, layer := range layers {
		content, err := layer.Compressed() // which checks the digest
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, content)
		require.NoError(t, err)
		require.NoError(t, content.Close())
	}
	_, err = pulled.ConfigFile()
	require.NoError(t, err)
	return pulled
}

// offline is the way to nowhere.
type offline struct{ err error }

func (o offline) RoundTrip(*http.Request) (*http.Response, error) { return nil, o.err }

// newImage returns an image for a platform.
func newImage(tb testing.TB, os, architecture string) v1.Image {
	tb.Helper()
	image, err := random.Image(1000, 2)
	require.NoError(tb, err)
	config, err := image.ConfigFile()
	require.NoError(tb, err)
	config = config.DeepCopy()
	config.OS, config.Architecture = os, architecture
	image, err = mutate.ConfigFile(image, config)
	require.NoError(tb, err)
	return image
}

// ours returns an image for the machines of this host.
func ours(tb testing.TB) v1.Image { tb.Helper(); return newImage(tb, "linux", runtime.GOARCH) }

// newLayout writes an OCI layout with some images.
func newLayout(tb testing.TB, images ...mutate.IndexAddendum) string {
	tb.Helper()
	dir := filepath.Join(tb.TempDir(), "layout")
	_, err := layout.Write(dir, mutate.AppendManifests(empty.Index, images...))
	require.NoError(tb, err)
	return dir
}

func digest(t *testing.T, of interface{ Digest() (v1.Hash, error) }) string {
	t.Helper()
	hash, err := of.Digest()
	require.NoError(t, err)
	return hash.String()
}

func open(t *testing.T, name, path string) *imageregistry.Image {
	t.Helper()
	image, err := imageregistry.Open(name, path)
	require.NoError(t, err)
	return image
}
