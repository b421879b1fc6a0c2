package handin

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/exopool/exopool/internal/atomicfile"
)

// ArchiveName is where the source archive is in the repository.
const ArchiveName = "terraform/source.tar"

// Archive returns the source of autoscaler and discovery, of the repository at
// root, as a tar archive that depends on the contents of files only.
//
// It is not compressed, so that Git stores the difference of two versions.
func Archive(ctx context.Context, root string) ([]byte, error) {
	return archive(ctx, root, "autoscaler", "discovery")
}

func archive(ctx context.Context, root string, programs ...string) ([]byte, error) {
	files, err := source(ctx, root, programs...)
	if err != nil {
		return nil, err
	}
	var buffer bytes.Buffer
	w := tar.NewWriter(&buffer)
	for _, name := range files.names() {
		header := &tar.Header{
			Typeflag: tar.TypeReg, Format: tar.FormatUSTAR, ModTime: time.Unix(0, 0),
			Name: name, Mode: 0o644, Size: int64(len(files[name])),
		}
		if err := w.WriteHeader(header); err != nil {
			return nil, fmt.Errorf("archive %s: %w", name, err)
		}
		if _, err := w.Write(files[name]); err != nil {
			return nil, fmt.Errorf("archive %s: %w", name, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return buffer.Bytes(), nil
}

// WriteArchive writes the source archive of the repository at root to its place.
func WriteArchive(ctx context.Context, root string) error {
	content, err := Archive(ctx, root)
	if err != nil {
		return err
	}
	name := filepath.Join(root, filepath.FromSlash(ArchiveName))
	if old, err := os.ReadFile(name); err == nil && bytes.Equal(old, content) { //nolint:gosec // G304: of the repository
		return nil
	}
	return atomicfile.File{Path: name, Perm: 0o644}.Write(content)
}
