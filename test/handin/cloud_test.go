package handin_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/fake/machine/nspawn"
	"github.com/exopool/exopool/fake/machine/nspawn/imageregistry"
	"github.com/exopool/exopool/fake/machine/nspawn/imageregistry/imagelayout"
	"github.com/exopool/exopool/fake/machine/nspawn/template"
)

// startCloud starts a cloud whose machines boot, and which has a Go image under
// this name. It skips the test where there can be none.
func startCloud(t *testing.T, goImage string) *fakecloud.Cloud {
	t.Helper()
	if os.Getenv("EXOPOOL_NSPAWN") != "1" {
		t.Skip("boots machines: set EXOPOOL_NSPAWN=1 to run it, as root on Linux")
	}
	logger := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	cfg := nspawn.Config{
		Logger: logger, Prefix: "exopoolimg", Range: netip.MustParsePrefix("198.19.144.0/20"), Hosts: map[string]netip.Addr{},
	}
	for _, r := range nspawn.Examine(t.Context(), cfg) {
		if !r.OK() {
			t.Skipf("machines cannot be booted here: %s: %s; to change that: %s", r.Name, r.Problem, r.Remedy)
		}
	}
	cloud, err := fakecloud.Start(t.Context(), fakecloud.Config{
		Logger: logger, Images: []*imageregistry.Image{goToolchain(t, goImage)},
		Hosts: map[string]http.Handler{"proxy.golang.org": http.FileServer(http.Dir(filepath.Join(goEnv(t, "GOMODCACHE"), "cache", "download")))},
		Machines: func(ctx context.Context, from fakecloud.DriverConfig) (fakecloud.Driver, error) {
			cfg.Authority = from.Authority
			for _, name := range from.Hosts {
				cfg.Hosts[name] = netip.Addr{} // the gateway
			}
			return nspawn.New(ctx, cfg)
		},
	})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, cloud.Close()) })
	return cloud
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	value, err := exec.CommandContext(t.Context(), "go", "env", name).Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(value))
}

// goToolchain returns an image of Debian, as machines have it, with this host's
// Go.
func goToolchain(t *testing.T, name string) *imageregistry.Image {
	t.Helper()
	debian, release, err := template.Ensure(t.Context(), template.Config{
		Cache: "/var/cache/exopool", Mirror: template.Mirror(os.DirFS("/etc/apt")), UbuntuMirror: template.UbuntuMirror(),
		Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}, template.Default)
	require.NoError(t, err)
	defer release()
	dir := t.TempDir()
	require.NoError(t, imagelayout.Write(dir, v1.Config{
		Env:        []string{"PATH=/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "GOPATH=/go", "GOTOOLCHAIN=local"},
		WorkingDir: "/go",
	}, imagelayout.Part{From: debian, To: "/"}, imagelayout.Part{From: goEnv(t, "GOROOT"), To: "/usr/local/go"}))
	image, err := imageregistry.Open(name, dir)
	require.NoError(t, err)
	return image
}

// baseImage returns the image that a Dockerfile begins with.
func baseImage(t *testing.T, dockerfile string) string {
	t.Helper()
	content, err := os.ReadFile(dockerfile)
	require.NoError(t, err)
	from := regexp.MustCompile(`(?m)^FROM (\S+) `).FindSubmatch(content)
	require.NotNil(t, from)
	return string(from[1])
}
