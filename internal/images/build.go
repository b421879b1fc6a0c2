package images

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// A Builder builds images. The same input makes the same images, bit by bit.
type Builder struct {
	// Program returns the file of a program, built for a platform. Required.
	Program func(ctx context.Context, name string, platform v1.Platform) (file string, err error)
	// Labels are put on all images, besides those of their recipes.
	Labels map[string]string
	// Created is the time that images have, such as that of the commit; the zero
	// value is that of Unix.
	Created time.Time
}

// Build returns the image of a recipe for several platforms, as a list of them.
func (b Builder) Build(ctx context.Context, r Recipe, platforms []v1.Platform) (v1.ImageIndex, error) {
	index := mutate.IndexMediaType(empty.Index, types.DockerManifestList)
	for _, platform := range platforms {
		image, err := b.image(ctx, r, platform)
		if err != nil {
			return nil, fmt.Errorf("build the image %s for %s: %w", r.Name, platform, err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: &platform}})
	}
	return index, nil
}

// image builds an image for one platform.
func (b Builder) image(ctx context.Context, r Recipe, platform v1.Platform) (v1.Image, error) {
	image, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{
		OS: platform.OS, Architecture: platform.Architecture, Created: v1.Time{Time: b.created()},
		Config: b.config(r), RootFS: v1.RootFS{Type: "layers"},
	})
	if err != nil {
		return nil, err
	}
	for _, f := range r.files {
		if f.program != "" {
			if f.from, err = b.Program(ctx, f.program, platform); err != nil {
				return nil, err
			}
		}
		layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return pack(f) },
			tarball.WithCompressionLevel(gzip.DefaultCompression), tarball.WithCompressedCaching)
		if err != nil {
			return nil, fmt.Errorf("pack %s: %w", f.to, err)
		}
		image, err = mutate.Append(image, mutate.Addendum{
			Layer: layer, History: v1.History{Created: v1.Time{Time: b.created()}, CreatedBy: "COPY " + f.to},
		})
		if err != nil {
			return nil, err
		}
	}
	return image, nil
}

func (b Builder) created() time.Time {
	if b.Created.IsZero() {
		return time.Unix(0, 0).UTC()
	}
	return b.Created.UTC()
}

// config returns how the image is started, with all labels.
func (b Builder) config(r Recipe) v1.Config {
	config := r.Config
	config.Labels = map[string]string{"org.opencontainers.image.title": r.Name}
	maps.Copy(config.Labels, b.Labels)
	maps.Copy(config.Labels, r.Config.Labels)
	return config
}

// pack returns the archive that a layer is. Times are those of Unix' beginning.
func pack(f file) (io.ReadCloser, error) {
	header := &tar.Header{
		Format: tar.FormatPAX, Name: strings.TrimPrefix(f.to, "/"), Mode: int64(f.mode.Perm()),
		Uid: f.uid, Gid: f.gid, ModTime: time.Unix(0, 0),
	}
	if f.mode.IsDir() {
		const sticky = 0o1000
		header.Typeflag, header.Name = tar.TypeDir, header.Name+"/"
		if f.mode&os.ModeSticky != 0 {
			header.Mode |= sticky
		}
		return stream(header, io.NopCloser(strings.NewReader(""))), nil
	}
	content, err := os.Open(f.from)
	if err != nil {
		return nil, err
	}
	info, err := content.Stat()
	if err != nil {
		return nil, err
	}
	header.Typeflag, header.Size = tar.TypeReg, info.Size()
	return stream(header, content), nil
}

// stream returns an archive of one file while it is written.
func stream(header *tar.Header, content io.ReadCloser) io.ReadCloser {
	reader, writer := io.Pipe()
	go func() {
		defer content.Close()
		w := tar.NewWriter(writer)
		err := w.WriteHeader(header)
		if err == nil {
			_, err = io.Copy(w, content)
		}
		if err == nil {
			err = w.Close()
		}
		_ = writer.CloseWithError(err) // never fails
	}()
	return reader
}
