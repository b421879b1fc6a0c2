package imageregistry_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/nspawn/imageregistry"
)

// packed returns a folder as an archive.
func packed(tb testing.TB, dir string) string {
	tb.Helper()
	file, err := os.Create(filepath.Join(tb.TempDir(), "image.tar"))
	require.NoError(tb, err)
	defer file.Close()
	w := tar.NewWriter(file)
	require.NoError(tb, w.AddFS(os.DirFS(dir)))
	require.NoError(tb, w.Close())
	return file.Name()
}

// zipped returns a compressed archive.
func zipped(tb testing.TB, archive string) string {
	tb.Helper()
	from, err := os.Open(archive)
	require.NoError(tb, err)
	defer from.Close()
	to, err := os.Create(archive + ".gz")
	require.NoError(tb, err)
	defer to.Close()
	w := gzip.NewWriter(to)
	_, err = io.Copy(w, from)
	require.NoError(tb, err)
	require.NoError(tb, w.Close())
	return to.Name()
}

// saved returns an archive as docker save writes it.
func saved(tb testing.TB, images map[string]v1.Image) string {
	tb.Helper()
	tags := map[name.Tag]v1.Image{}
	for named, image := range images {
		tag, err := name.NewTag(named)
		require.NoError(tb, err)
		tags[tag] = image
	}
	file := filepath.Join(tb.TempDir(), "saved.tar")
	require.NoError(tb, tarball.MultiWriteToFile(file, tags))
	return file
}

// linked returns an archive as docker save wrote it before version 25: layers are
// not compressed, and may be links.
func linked(tb testing.TB) string {
	tb.Helper()
	dir := tb.TempDir()
	layer := []byte("a layer")
	config, err := json.Marshal(v1.ConfigFile{
		OS: "linux", Architecture: runtime.GOARCH, RootFS: v1.RootFS{Type: "layers", DiffIDs: []v1.Hash{hash(tb, layer), hash(tb, layer)}},
	})
	require.NoError(tb, err)
	manifest, err := json.Marshal(tarball.Manifest{{Config: "config.json", Layers: []string{"a/layer.tar", "b/layer.tar"}}})
	require.NoError(tb, err)
	file, err := os.Create(filepath.Join(dir, "linked.tar"))
	require.NoError(tb, err)
	defer file.Close()
	w := tar.NewWriter(file)
	for name, content := range map[string][]byte{"config.json": config, "a/layer.tar": layer, "manifest.json": manifest} {
		require.NoError(tb, w.WriteHeader(&tar.Header{Name: name, Size: int64(len(content)), Mode: 0o600}))
		_, err := w.Write(content)
		require.NoError(tb, err)
	}
	require.NoError(tb, w.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: "b/layer.tar", Linkname: "../a/layer.tar"}))
	require.NoError(tb, w.Close())
	return file.Name()
}

func hash(tb testing.TB, content []byte) v1.Hash {
	tb.Helper()
	sum, _, err := v1.SHA256(bytes.NewReader(content))
	require.NoError(tb, err)
	return sum
}

func TestLayersThatAreNotCompressedKeepTheirDigest(t *testing.T) {
	pulled := serve(t, nil, open(t, "a/b:1", linked(t))).mustPull(t, "a/b:1")
	manifest, err := pulled.Manifest()
	require.NoError(t, err)
	require.Len(t, manifest.Layers, 2)
	for _, layer := range manifest.Layers {
		assert.Equal(t, hash(t, []byte("a layer")), layer.Digest)
		assert.Equal(t, types.OCIUncompressedLayer, layer.MediaType)
	}
}

func TestImagesOfLayoutsKeepTheirDigest(t *testing.T) {
	image := ours(t)
	dir := newLayout(t, mutate.IndexAddendum{Add: image})
	archive := packed(t, dir)
	for _, path := range []string{dir, archive, zipped(t, archive)} {
		s := serve(t, nil, open(t, "quay.io/prometheus/node-exporter", path), open(t, "nginx@"+digest(t, image), path))
		for _, named := range []string{
			"quay.io/prometheus/node-exporter", "quay.io/prometheus/node-exporter:latest",
			"quay.io/prometheus/node-exporter@" + digest(t, image), "docker.io/library/nginx@" + digest(t, image),
		} {
			assert.Equal(t, digest(t, image), digest(t, s.mustPull(t, named)), named)
		}
	}
}

func TestImagesOfDockerSaveAreServed(t *testing.T) {
	image, other := ours(t), ours(t)
	one := saved(t, map[string]v1.Image{"whatever": image})
	several := saved(t, map[string]v1.Image{"example.com/a:1": image, "example.com/b:1": other})
	for _, open := range []*imageregistry.Image{
		open(t, "example.com/a:1", one), open(t, "example.com/a:1", zipped(t, one)), open(t, "example.com/a:1", several),
	} {
		pulled := serve(t, nil, open).mustPull(t, "example.com/a:1")
		want, err := image.ConfigName()
		require.NoError(t, err)
		got, err := pulled.ConfigName()
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
}

func TestImagesForSeveralPlatformsAreServedAsAList(t *testing.T) {
	image, other := ours(t), newImage(t, "linux", "s390x")
	platforms := []mutate.IndexAddendum{
		{Add: image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: runtime.GOARCH}}},
		{Add: other, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "s390x"}}},
	}
	list := mutate.AppendManifests(empty.Index, platforms...)
	nested := newLayout(t, mutate.IndexAddendum{Add: list})
	for _, path := range []string{nested, newLayout(t, platforms...)} {
		pulled := serve(t, nil, open(t, "grafana/grafana:11", path)).mustPull(t, "grafana/grafana:11")
		if runtime.GOARCH == "amd64" { // what this client asks for
			assert.Equal(t, digest(t, image), digest(t, pulled))
		}
	}
	pinned := serve(t, nil, open(t, "grafana/grafana@"+digest(t, list), nested)).mustPull(t, "grafana/grafana@"+digest(t, list))
	assert.NotNil(t, pinned)

	// As docker save does it: only one of the platforms is there.
	manifest, err := other.RawManifest()
	require.NoError(t, err)
	require.NotEmpty(t, manifest)
	hash, err := other.Digest()
	require.NoError(t, err)
	require.NoError(t, os.Remove(filepath.Join(nested, "blobs", "sha256", hash.Hex)))
	serve(t, nil, open(t, "grafana/grafana:11", nested)).mustPull(t, "grafana/grafana@"+digest(t, image))
}

func TestOneOfSeveralImagesIsFoundByItsName(t *testing.T) {
	image, other := ours(t), ours(t)
	named := func(key, value string, image v1.Image) mutate.IndexAddendum {
		return mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Annotations: map[string]string{key: value}}}
	}
	for name, dir := range map[string]string{
		"prom/prometheus:v3": newLayout(t, named("org.opencontainers.image.ref.name", "v3", image), named("org.opencontainers.image.ref.name", "v2", other)),
		"prom/prometheus": newLayout(t, named("io.containerd.image.name", "docker.io/library/nginx:latest", other),
			named("io.containerd.image.name", "docker.io/prom/prometheus:latest", image)),
	} {
		assert.Equal(t, digest(t, image), digest(t, serve(t, nil, open(t, name, dir)).mustPull(t, name)))
		_, err := imageregistry.Open("prom/prometheus:v4", dir)
		assert.ErrorContains(t, err, "it holds 2 images, and none is prom/prometheus:v4 but ")
	}
	_, err := imageregistry.Open("nginx", newLayout(t, mutate.IndexAddendum{Add: image}, mutate.IndexAddendum{Add: other}))
	require.ErrorContains(t, err, "it holds 2 images, none with a name")
	_, err = imageregistry.Open("nginx", saved(t, map[string]v1.Image{"example.com/a:1": image, "example.com/b:1": other}))
	assert.ErrorContains(t, err, "it holds 2 images, and none is nginx but ")
}

func TestWhatIsNoImageForMachinesIsRefused(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	require.NoError(t, os.WriteFile(text, []byte("hello"), 0o600))
	foreign := newImage(t, "windows", "amd64")
	whole := newLayout(t, mutate.IndexAddendum{Add: ours(t)})
	damaged := newLayout(t, mutate.IndexAddendum{Add: ours(t)})
	blobs, err := filepath.Glob(filepath.Join(damaged, "blobs", "sha256", "*"))
	require.NoError(t, err)
	for _, blob := range blobs {
		require.NoError(t, os.WriteFile(blob, []byte("{}"), 0o600))
	}
	for _, c := range []struct{ name, path, want string }{
		{"nginx", "/nowhere", "no such file"},
		{"nginx", text, "neither a folder nor an archive in the tar format"},
		{"nginx", dir, "neither index.json, as an OCI layout, nor manifest.json"},
		{"nginx", packed(t, dir), "neither index.json, as an OCI layout, nor manifest.json"},
		{"nginx", newLayout(t), "it holds no image"},
		{"nginx", newLayout(t, mutate.IndexAddendum{Add: foreign}), "its image is for windows/amd64, machines here are linux/"},
		{"nginx", saved(t, map[string]v1.Image{"nginx": foreign}), "its image is for windows/amd64"},
		{"nginx", damaged, "is damaged"},
		{"nginx@sha256:" + fmt.Sprintf("%064d", 1), whole, "skopeo copy docker://nginx@sha256:"},
		{"nginx@sha256:" + fmt.Sprintf("%064d", 1), saved(t, map[string]v1.Image{"nginx": ours(t)}), "keeps no digest"},
		{"Nginx", whole, "is no name of an image"},
		{"nginx:", whole, "is no name of an image"},
		{"localhost:5000/app", whole, "no name that machines could look up"},
		{"192.0.2.1:5000/app", whole, "no name that machines could look up"},
		{"sos-at-vie-1.exo.io/app", whole, "a host of Exoscale"},
	} {
		_, err := imageregistry.Open(c.name, c.path)
		assert.ErrorContains(t, err, c.want, c.name+"="+c.path)
	}
}

func TestNamesAreTheSameHoweverTheyAreWritten(t *testing.T) {
	dir := newLayout(t, mutate.IndexAddendum{Add: ours(t)})
	for _, named := range []string{"nginx", "nginx:latest", "docker.io/nginx", "docker.io/library/nginx:latest", "index.docker.io/library/nginx"} {
		image := open(t, named, dir)
		assert.Equal(t, "index.docker.io/library/nginx:latest", image.Name())
		serve(t, nil, image).mustPull(t, "nginx")
	}
}
