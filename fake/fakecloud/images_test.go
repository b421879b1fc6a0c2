package fakecloud_test

import (
	"context"
	"net/http"
	"path/filepath"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/fake/machine/nspawn/imageregistry"
	"github.com/exopool/exopool/fake/machine/nspawn/imageregistry/imagelayout"
)

// newImage returns an image under a name.
func newImage(t *testing.T, name string) *imageregistry.Image {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "image")
	require.NoError(t, imagelayout.Write(dir, v1.Config{}))
	image, err := imageregistry.Open(name, dir)
	require.NoError(t, err)
	return image
}

func TestMachinesGetImagesAtTheirGateway(t *testing.T) {
	t.Parallel()
	driver := &gatewayDriver{}
	cloud, _ := start(t, fakecloud.Config{
		Machines: func(_ context.Context, cfg fakecloud.DriverConfig) (fakecloud.Driver, error) {
			driver.cfg = cfg
			return driver, nil
		},
		Images: []*imageregistry.Image{newImage(t, "nginx:1"), newImage(t, "registry.example.test:5000/a")},
		// Nothing leads to the real registries.
		Environ: []string{"HTTPS_PROXY=http://127.0.0.1:1"},
	})
	assert.Equal(t, []string{"198.18.0.1:443", "198.18.0.1:5000"}, driver.asked)
	assert.Contains(t, driver.cfg.Hosts, "registry.example.test")
	client := driver.client(certPool(t, driver.cfg.Authority))
	for url, want := range map[string]int{
		"https://registry-1.docker.io/v2/":                          http.StatusOK,
		"https://registry-1.docker.io/v2/library/nginx/manifests/1": http.StatusOK,
		"https://registry-1.docker.io/v2/library/nginx/manifests/2": http.StatusNotFound,
	} {
		resp, err := client.Get(url)
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, want, resp.StatusCode, url)
	}
	pulls := cloud.FailedPulls()
	require.Len(t, pulls, 1)
	assert.Equal(t, "127.0.0.1", pulls[0].Name, "no instance has this address")
	assert.Equal(t, "nginx:2", pulls[0].Image)
	assert.Contains(t, pulls[0].Reason, "registry-1.docker.io cannot be reached")
}

func TestImagesNeedMachines(t *testing.T) {
	t.Parallel()
	_, err := fakecloud.Start(t.Context(), fakecloud.Config{Images: []*imageregistry.Image{newImage(t, "nginx")}})
	assert.ErrorContains(t, err, "images: no machines given that could pull them")
}
