package imageregistry

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// Limits of what images may be made of.
const (
	maxDescription = 4 << 20 // bytes of a manifest, a configuration, an index
	maxEntries     = 100_000 // files of an archive
	maxLinks       = 8       // from one to the next
)

// A section is a file's content, wherever it lies.
type section struct {
	io.ReaderAt

	size int64
}

func (s section) reader() *io.SectionReader { return io.NewSectionReader(s.ReaderAt, 0, s.size) }

// files are those of a folder or an archive. They stay open, so that it does not
// matter what becomes of their names.
type files interface {
	io.Closer
	// open returns a file; [fs.ErrNotExist] if there is none.
	open(name string) (section, error)
}

func openFiles(name string) (files, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		root, err := os.OpenRoot(name)
		return &folder{root: root}, err
	}
	return openArchive(name)
}

// readAll returns the whole of a small file.
func readAll(from files, name string) ([]byte, error) {
	content, err := from.open(name)
	if err != nil {
		return nil, err
	}
	if content.size > maxDescription {
		return nil, fmt.Errorf("%s has %d bytes, more than %d", name, content.size, maxDescription)
	}
	return io.ReadAll(content.reader())
}

type folder struct {
	root   *os.Root
	opened []*os.File
}

func (f *folder) open(name string) (section, error) {
	file, err := f.root.Open(filepath.FromSlash(name))
	if err != nil {
		return section{}, err
	}
	f.opened = append(f.opened, file)
	info, err := file.Stat()
	if err != nil {
		return section{}, err
	}
	if !info.Mode().IsRegular() {
		return section{}, fmt.Errorf("%s is no file", name)
	}
	return section{file, info.Size()}, nil
}

func (f *folder) Close() error {
	errs := make([]error, 1, 1+len(f.opened))
	errs[0] = f.root.Close()
	for _, file := range f.opened {
		errs = append(errs, file.Close())
	}
	return errors.Join(errs...)
}

// An archive is in the tar format, with no compression.
type archive struct {
	file    *os.File
	entries map[string]entry
}

type entry struct {
	offset, size int64
	link         string // the name of the entry that it stands for
}

func openArchive(name string) (*archive, error) {
	file, err := os.Open(name) //nolint:gosec // G304: the user's choice
	if err != nil {
		return nil, err
	}
	plain, err := decompress(file)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	a := &archive{file: plain, entries: map[string]entry{}}
	if err := a.index(); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// decompress returns a file itself, or its content in a file without a name,
// which goes with the process. That is in /var/tmp, because /tmp is often
// memory.
func decompress(file *os.File) (_ *os.File, err error) {
	magic := make([]byte, 2)
	if _, err := file.ReadAt(magic, 0); err != nil || !bytes.Equal(magic, []byte("\x1f\x8b")) {
		return file, nil // whatever else it is
	}
	defer file.Close()
	from, err := gzip.NewReader(bufio.NewReader(file))
	if err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	to, err := os.CreateTemp("/var/tmp", "fakecloud-image-")
	if err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	_, err = io.Copy(to, from) //nolint:gosec // G110: as large as the user's own file
	if err = errors.Join(err, os.Remove(to.Name())); err == nil {
		_, err = to.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("decompress: %w", err), to.Close())
	}
	return to, nil
}

// index notes where each file is.
func (a *archive) index() error {
	r := tar.NewReader(a.file) // which reads nothing ahead
	for {
		header, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && len(a.entries) == 0:
			return errors.New("it is neither a folder nor an archive in the tar format, as it is or compressed by gzip")
		case err != nil:
			return fmt.Errorf("read archive: %w", err)
		case len(a.entries) >= maxEntries:
			return fmt.Errorf("read archive: more than %d files", maxEntries)
		}
		name := path.Clean(header.Name)
		switch header.Typeflag {
		case tar.TypeReg:
			at, err := a.file.Seek(0, io.SeekCurrent)
			if err != nil {
				return err
			}
			a.entries[name] = entry{offset: at, size: header.Size}
		case tar.TypeSymlink: // by docker save before version 25, for layers in several images
			a.entries[name] = entry{link: path.Join(path.Dir(name), header.Linkname)} //nolint:gosec // G305: looked up in the archive only
		case tar.TypeLink:
			a.entries[name] = entry{link: path.Clean(header.Linkname)}
		}
	}
}

func (a *archive) open(name string) (section, error) {
	name = path.Clean(name)
	for range maxLinks {
		e, ok := a.entries[name]
		if !ok {
			return section{}, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
		}
		if e.link == "" {
			return section{io.NewSectionReader(a.file, e.offset, e.size), e.size}, nil
		}
		name = e.link
	}
	return section{}, fmt.Errorf("%s: too many links", name)
}

func (a *archive) Close() error { return a.file.Close() }
