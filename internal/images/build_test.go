package images_test

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/nspawn/imageregistry"
	"github.com/exopool/exopool/internal/images"
)

// builder builds images whose programs hold their own name and platform.
func builder(t *testing.T) images.Builder {
	t.Helper()
	dir := t.TempDir()
	return images.Builder{
		Labels:  map[string]string{"org.opencontainers.image.version": "v1.2.3"},
		Created: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Program: func(_ context.Context, program string, platform v1.Platform) (string, error) {
			file := filepath.Join(dir, program+platform.Architecture)
			return file, os.WriteFile(file, []byte(program+" for "+platform.String()), 0o600)
		},
	}
}

func both() []v1.Platform {
	return []v1.Platform{{OS: "linux", Architecture: "amd64"}, {OS: "linux", Architecture: "arm64"}}
}

// build builds an image of the repository, and needs the authorities of this host.
func build(t *testing.T, image string) v1.ImageIndex {
	t.Helper()
	if _, err := os.Stat(images.Authorities); err != nil {
		t.Skipf("this host has no certificate authorities: %v", err)
	}
	index, err := builder(t).Build(t.Context(), recipes(t)[image], both())
	require.NoError(t, err)
	return index
}

// contents describes the files of an image.
func contents(t *testing.T, image v1.Image) (list []string) {
	t.Helper()
	layers, err := image.Layers()
	require.NoError(t, err)
	for _, layer := range layers {
		content, err := layer.Uncompressed()
		require.NoError(t, err)
		for r := tar.NewReader(content); ; {
			header, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			assert.Zero(t, header.ModTime.Unix())
			text, err := io.ReadAll(r)
			require.NoError(t, err)
			if len(text) > 100 {
				text = nil
			}
			list = append(list, fmt.Sprintf("%s %04o %d:%d %s", header.Name, header.Mode, header.Uid, header.Gid, text))
		}
		require.NoError(t, content.Close())
	}
	return list
}

func TestImagesHoldWhatTheDockerfileSays(t *testing.T) {
	t.Parallel()
	const authorities = "etc/ssl/certs/ca-certificates.crt 0644 0:0 "
	for image, want := range map[string][]string{
		"autoscaler": {
			authorities, "autoscaler 0755 0:0 autoscaler for linux/ARCH",
			"var/ 0755 65534:65534 ", "var/lib/ 0755 65534:65534 ", "var/lib/autoscaler/ 0700 65534:65534 ",
		},
		"discovery": {
			authorities, "discovery 0755 0:0 discovery for linux/ARCH",
			"srv/ 0755 65534:65534 ", "srv/service-discovery/ 0755 65534:65534 ",
		},
		"fakecloud": {authorities, "fakecloud 0755 0:0 fakecloud for linux/ARCH", "tmp/ 1777 0:0 "},
	} {
		index := build(t, image)
		kind, err := index.MediaType()
		require.NoError(t, err)
		assert.Equal(t, types.DockerManifestList, kind)
		manifest, err := index.IndexManifest()
		require.NoError(t, err)
		require.Len(t, manifest.Manifests, 2)
		for i, platform := range both() {
			assert.Equal(t, &platform, manifest.Manifests[i].Platform)
			one, err := index.Image(manifest.Manifests[i].Digest)
			require.NoError(t, err)
			config, err := one.ConfigFile()
			require.NoError(t, err)
			assert.Equal(t, platform.Architecture, config.Architecture)
			assert.Equal(t, "v1.2.3", config.Config.Labels["org.opencontainers.image.version"])
			assert.Equal(t, image, config.Config.Labels["org.opencontainers.image.title"])
			assert.Equal(t, 2026, config.Created.Year())
			have := strings.Join(contents(t, one), "\n")
			assert.Equal(t, strings.ReplaceAll(strings.Join(want, "\n"), "ARCH", platform.Architecture), have)
		}
	}
}

func TestSameSourceMakesTheSameImages(t *testing.T) {
	t.Parallel()
	first, err := build(t, "autoscaler").Digest()
	require.NoError(t, err)
	second, err := build(t, "autoscaler").Digest()
	require.NoError(t, err)
	assert.Equal(t, first, second)
}

// TestWrittenImagesCanBeRead: both forms hold the image that machines look for, and
// writing again replaces it.
func TestWrittenImagesCanBeRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tag, err := name.NewTag("registry.example/exopool/autoscaler:v1.2.3")
	require.NoError(t, err)
	index := build(t, "autoscaler")
	require.NoError(t, images.Write(dir, tag, index))
	require.NoError(t, images.Write(dir, tag, index))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	assert.Equal(t, []string{"autoscaler", "autoscaler_linux_amd64.tar", "autoscaler_linux_arm64.tar"}, names)
	for _, form := range []string{"autoscaler", "autoscaler_linux_" + runtime.GOARCH + ".tar"} {
		_, err = imageregistry.Open(tag.Name(), filepath.Join(dir, form))
		assert.NoError(t, err, form)
	}
}

// TestFoldersThatAreNoImagesAreKept: in the root of the repository, an image has the
// name of a package.
func TestFoldersThatAreNoImagesAreKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	source := filepath.Join(dir, "discovery", "agent.go")
	require.NoError(t, os.Mkdir(filepath.Dir(source), 0o700))
	require.NoError(t, os.WriteFile(source, nil, 0o600))
	tag, err := name.NewTag("registry.example/exopool/discovery:v1.2.3")
	require.NoError(t, err)
	index := build(t, "discovery")

	require.ErrorContains(t, images.Write(dir, tag, index), "it is not an image that was written before")

	assert.FileExists(t, source)
	require.NoError(t, os.Remove(source))
	require.NoError(t, images.Write(dir, tag, index), "an empty folder")
}

func TestPushedImagesAreForAllPlatforms(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	tag, err := name.NewTag(strings.TrimPrefix(server.URL, "http://") + "/exopool/discovery:v1.2.3")
	require.NoError(t, err)
	index := build(t, "discovery")
	require.NoError(t, images.Push(t.Context(), tag, index))
	want, err := index.Digest()
	require.NoError(t, err)
	for _, platform := range both() {
		image, err := remote.Image(tag, remote.WithPlatform(platform), remote.WithContext(t.Context()))
		require.NoError(t, err)
		config, err := image.ConfigFile()
		require.NoError(t, err)
		assert.Equal(t, platform.Architecture, config.Architecture)
		assert.Equal(t, []string{"CMD", "/discovery", "healthcheck"}, config.Config.Healthcheck.Test)
	}
	pushed, err := remote.Index(tag, remote.WithContext(t.Context()))
	require.NoError(t, err)
	have, err := pushed.Digest()
	require.NoError(t, err)
	assert.Equal(t, want, have)

	server.Close()
	require.ErrorContains(t, images.Push(t.Context(), tag, index), "push "+tag.String())
}

func TestMissingProgramIsAnError(t *testing.T) {
	t.Parallel()
	b := images.Builder{Program: func(context.Context, string, v1.Platform) (string, error) { return "", errors.New("no compiler") }}
	_, err := b.Build(t.Context(), recipes(t)["http-load-generator"], both())
	require.EqualError(t, err, "build the image http-load-generator for linux/amd64: no compiler")
}
