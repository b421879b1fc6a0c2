package imagelayout_test

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/nspawn/imageregistry/imagelayout"
)

// read returns the only image of a folder.
func read(t *testing.T, dir string) v1.Image {
	t.Helper()
	index, err := layout.ImageIndexFromPath(dir)
	require.NoError(t, err)
	manifest, err := index.IndexManifest()
	require.NoError(t, err)
	require.Len(t, manifest.Manifests, 1)
	assert.Equal(t, &v1.Platform{OS: "linux", Architecture: runtime.GOARCH}, manifest.Manifests[0].Platform)
	image, err := index.Image(manifest.Manifests[0].Digest)
	require.NoError(t, err)
	return image
}

// entries returns what a layer holds.
func entries(t *testing.T, layer v1.Layer) (names []string, all map[string]*tar.Header) {
	t.Helper()
	content, err := layer.Uncompressed()
	require.NoError(t, err)
	defer content.Close()
	all = map[string]*tar.Header{}
	for r := tar.NewReader(content); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return names, all
		}
		require.NoError(t, err)
		names = append(names, header.Name)
		all[header.Name] = header
	}
}

func TestImageHoldsItsParts(t *testing.T) {
	from := t.TempDir()
	program := filepath.Join(from, "app")
	require.NoError(t, os.WriteFile(program, []byte("program"), 0o600))
	require.NoError(t, os.Chmod(program, 0o755))
	tree := filepath.Join(from, "tree")
	require.NoError(t, os.MkdirAll(filepath.Join(tree, "etc", "sub"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(tree, "etc", "file"), []byte("text"), 0o640))
	require.NoError(t, os.Symlink("/etc/file", filepath.Join(tree, "link")))
	dir := filepath.Join(t.TempDir(), "image")
	require.NoError(t, imagelayout.Write(dir, v1.Config{Entrypoint: []string{"/bin/app"}, User: "65534:65534"},
		imagelayout.Part{From: tree, To: "/"}, imagelayout.Part{From: program, To: "/bin/app"}))

	image := read(t, dir)
	config, err := image.ConfigFile()
	require.NoError(t, err)
	assert.Equal(t, []string{"/bin/app"}, config.Config.Entrypoint)
	assert.Equal(t, "65534:65534", config.Config.User)
	layers, err := image.Layers()
	require.NoError(t, err)
	require.Len(t, layers, 2)
	for i, layer := range layers {
		content, err := layer.Uncompressed()
		require.NoError(t, err)
		hash, _, err := v1.SHA256(content)
		require.NoError(t, err)
		assert.Equal(t, config.RootFS.DiffIDs[i], hash)
	}
	names, all := entries(t, layers[0])
	assert.Equal(t, []string{"etc/", "etc/file", "etc/sub/", "link"}, names)
	assert.Equal(t, int64(0o640), all["etc/file"].Mode)
	assert.Equal(t, os.Getuid(), all["etc/file"].Uid)
	assert.Empty(t, all["etc/file"].Uname)
	assert.Equal(t, "/etc/file", all["link"].Linkname)
	names, all = entries(t, layers[1])
	assert.Equal(t, []string{"bin/app"}, names)
	assert.Equal(t, int64(0o755), all["bin/app"].Mode)
}

func TestSameFilesMakeTheSameImage(t *testing.T) {
	program := filepath.Join(t.TempDir(), "app")
	require.NoError(t, os.WriteFile(program, []byte("program"), 0o600))
	var digests []v1.Hash
	for range 2 {
		dir := t.TempDir()
		require.NoError(t, imagelayout.Write(dir, v1.Config{}, imagelayout.Part{From: program, To: "app"}))
		digest, err := read(t, dir).Digest()
		require.NoError(t, err)
		digests = append(digests, digest)
	}
	assert.Equal(t, digests[0], digests[1])
}

func TestImagesAreNotOverwritten(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, imagelayout.Write(dir, v1.Config{}))
	require.ErrorIs(t, imagelayout.Write(dir, v1.Config{}), os.ErrExist)
	err := imagelayout.Write(t.TempDir(), v1.Config{}, imagelayout.Part{From: "/nowhere/app", To: "/app"})
	require.ErrorContains(t, err, "pack /nowhere/app")
}
