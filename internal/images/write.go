package images

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// Write writes an image to a folder: for all platforms as the OCI layout NAME, which
// skopeo, crane and podman read, and for each as the archive
// NAME_OS_ARCHITECTURE.tar, which "docker load" and "podman load" read. What an
// earlier run wrote is replaced; a folder NAME that is no such layout is an error, as
// programs and packages of the repository have the same names. In archives, the image
// is called tag.
func Write(dir string, tag name.Tag, index v1.ImageIndex) error {
	short := filepath.Base(tag.RepositoryStr())
	to := filepath.Join(dir, short)
	if err := removeLayout(to); err != nil {
		return err
	}
	path, err := layout.Write(to, empty.Index)
	if err != nil {
		return fmt.Errorf("write %s: %w", to, err)
	}
	if err := path.AppendIndex(index, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": tag.Name()})); err != nil {
		return fmt.Errorf("write %s: %w", to, err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return err
	}
	for _, d := range manifest.Manifests {
		image, err := index.Image(d.Digest)
		if err != nil {
			return err
		}
		archive := filepath.Join(dir, fmt.Sprintf("%s_%s_%s.tar", short, d.Platform.OS, d.Platform.Architecture))
		if err := tarball.WriteToFile(archive, tag, image); err != nil {
			return fmt.Errorf("write %s: %w", archive, err)
		}
	}
	return nil
}

// removeLayout removes an OCI layout, if it is there, and nothing else.
func removeLayout(dir string) error {
	switch entries, err := os.ReadDir(dir); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case len(entries) == 0:
		return os.Remove(dir)
	}
	if _, err := os.Stat(filepath.Join(dir, "oci-layout")); err != nil {
		return fmt.Errorf("replace %s: it is not an image that was written before: name another folder", dir)
	}
	return os.RemoveAll(dir)
}

// Push sends an image for all platforms to a registry, with the account that
// "docker login" has left.
func Push(ctx context.Context, tag name.Tag, index v1.ImageIndex) error {
	if err := remote.WriteIndex(tag, index, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)); err != nil {
		return fmt.Errorf("push %s: %w", tag, err)
	}
	return nil
}
