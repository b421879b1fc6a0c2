package imageregistry

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// The name under which the load generator's image is known on Docker Hub.
const (
	LoadGenerator    = "janoszen/http-load-generator"
	LoadGeneratorTag = "1.0.1"
)

// ports that the load generator's image declares.
const loadGeneratorPort = "8080/tcp"

// Image returns an image with nothing in it but one static program, which it
// starts as nobody, as the Dockerfile of this module does.
func Image(program string) (v1.Image, error) {
	image, err := imageOf(program)
	if err != nil {
		return nil, fmt.Errorf("make an image of %s: %w", program, err)
	}
	return image, nil
}

func imageOf(program string) (v1.Image, error) {
	files, err := archive(program)
	if err != nil {
		return nil, err
	}
	// The way from the registry to the machines is short: less compression is
	// faster altogether.
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(files)), nil
	}, tarball.WithCompressionLevel(gzip.BestSpeed), tarball.WithCompressedCaching)
	if err != nil {
		return nil, err
	}
	image, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", runtime.GOARCH
	config.Config.Entrypoint = []string{"/" + filepath.Base(program)}
	config.Config.User = "65534:65534"
	config.Config.ExposedPorts = map[string]struct{}{loadGeneratorPort: {}}
	return mutate.ConfigFile(image, config)
}

// archive packs a program.
func archive(program string) ([]byte, error) {
	content, err := os.ReadFile(program) //nolint:gosec // G304: the program is the caller's choice
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	w := tar.NewWriter(&packed)
	header := &tar.Header{Name: filepath.Base(program), Mode: 0o755, Size: int64(len(content))}
	if err := w.WriteHeader(header); err != nil {
		return nil, err
	}
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}
