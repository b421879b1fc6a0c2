package imagelayout

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// A Part of an image is a file or a folder with all that is below it.
type Part struct {
	From string // on this host
	To   string // in the image, such as /usr/local/go; "/" for a whole file system
}

// Write makes an image for Linux on this host's architecture: one layer for each
// part, in their order, started as the configuration says. Files keep their
// owner, mode and time, and symbolic links stay links. The folder must not hold
// an image yet.
//
// Layers are not compressed: the way to a machine on the same host is short.
func Write(dir string, config v1.Config, parts ...Part) error {
	if err := write(layout.Path(dir), config, parts); err != nil {
		return fmt.Errorf("make an image in %s: %w", dir, err)
	}
	return nil
}

func write(to layout.Path, config v1.Config, parts []Part) error {
	if _, err := layout.FromPath(string(to)); err == nil {
		return os.ErrExist
	}
	if _, err := layout.Write(string(to), empty.Index); err != nil {
		return err
	}
	file := v1.ConfigFile{
		OS: "linux", Architecture: runtime.GOARCH, Config: config, RootFS: v1.RootFS{Type: "layers"},
	}
	manifest := v1.Manifest{SchemaVersion: 2, MediaType: types.OCIManifestSchema1}
	for _, part := range parts {
		layer, err := writeLayer(to, part)
		if err != nil {
			return fmt.Errorf("pack %s: %w", part.From, err)
		}
		manifest.Layers = append(manifest.Layers, layer)
		file.RootFS.DiffIDs = append(file.RootFS.DiffIDs, layer.Digest)
	}
	var err error
	if manifest.Config, err = writeJSON(to, types.OCIConfigJSON, file); err != nil {
		return err
	}
	image, err := writeJSON(to, types.OCIManifestSchema1, manifest)
	if err != nil {
		return err
	}
	image.Platform = file.Platform()
	return to.AppendDescriptor(image)
}

// writeJSON adds a part of the image's description.
func writeJSON(to layout.Path, kind types.MediaType, content any) (v1.Descriptor, error) {
	text, err := json.Marshal(content)
	if err != nil {
		return v1.Descriptor{}, err
	}
	hash, size, err := v1.SHA256(bytes.NewReader(text))
	if err != nil {
		return v1.Descriptor{}, err
	}
	return v1.Descriptor{MediaType: kind, Size: size, Digest: hash}, to.WriteBlob(hash, io.NopCloser(bytes.NewReader(text)))
}

// writeLayer adds a part of the image's files. Its name is known at its end.
func writeLayer(to layout.Path, part Part) (v1.Descriptor, error) {
	blobs := filepath.Join(string(to), "blobs", "sha256")
	if err := os.MkdirAll(blobs, 0o750); err != nil {
		return v1.Descriptor{}, err
	}
	file, err := os.CreateTemp(blobs, "layer-")
	if err != nil {
		return v1.Descriptor{}, err
	}
	defer os.Remove(file.Name()) // which it has no more, if all goes well
	defer file.Close()
	hash := sha256.New()
	if err := pack(io.MultiWriter(file, hash), part); err != nil {
		return v1.Descriptor{}, err
	}
	size, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return v1.Descriptor{}, err
	}
	digest := v1.Hash{Algorithm: "sha256", Hex: fmt.Sprintf("%x", hash.Sum(nil))}
	if err := os.Rename(file.Name(), filepath.Join(blobs, digest.Hex)); err != nil {
		return v1.Descriptor{}, err
	}
	return v1.Descriptor{MediaType: types.OCIUncompressedLayer, Size: size, Digest: digest}, nil
}
