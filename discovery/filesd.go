package discovery

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/exopool/exopool/internal/atomicfile"
)

// maxFile limits what is read at the start, in bytes: 10,000 members with all
// labels take 10 MB.
const maxFile = 16 << 20

// A targetFile is the file_sd file. Readers always find the old content or the
// new one, also after a loss of power.
type targetFile struct {
	path string
	dir  string
	file atomicfile.File
}

// newTargetFile returns a file that Prometheus reads, whatever user it runs as.
func newTargetFile(path string) *targetFile {
	return &targetFile{
		path: path, dir: filepath.Dir(path),
		file: atomicfile.File{Path: path, Perm: 0o644, Durable: true},
	}
}

// openTargetFile creates the directory if it is missing, removes temporary files
// that a crash left, and checks that the file can be written.
func openTargetFile(path string) (*targetFile, error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // a rename would replace the link, not the file
	}
	f := newTargetFile(path)
	if err := f.makeDir(); err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("check the targets file: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("targets file %s is not a regular file", path)
	}
	if err := f.file.RemoveTemporary(); err != nil {
		return nil, fmt.Errorf("remove a temporary targets file: %w", err)
	}
	if err := f.file.Check(); err != nil {
		return nil, fmt.Errorf("write to the directory of the targets file: %w", err)
	}
	return f, nil
}

// makeDir creates the directory. Prometheus, which is another user, reads it.
func (f *targetFile) makeDir() error {
	if err := os.MkdirAll(f.dir, 0o755); err != nil { //nolint:gosec // see above
		return fmt.Errorf("create the directory of the targets file: %w", err)
	}
	return nil
}

// load returns the targets of the file, or nil if there is no file, and how many
// it left out because of their addresses.
func (f *targetFile) load(cfg Config) (doc *document, dropped int, err error) {
	file, err := os.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read the targets file: %w", err)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	switch {
	case err != nil:
		return nil, 0, fmt.Errorf("read the targets file: %w", err)
	case len(content) > maxFile:
		return nil, 0, fmt.Errorf("read the targets file %s: longer than %d MiB", f.path, maxFile>>20)
	}
	doc, dropped, err = cfg.decode(content)
	if err != nil {
		return nil, 0, fmt.Errorf("read the targets file %s: %w", f.path, err)
	}
	return doc, dropped, nil
}

// store makes body the content of the file, and reports whether it had to write.
// It compares with the file, not with what was written last, so that a file that
// another program changed or removed is restored. After an error the file is
// unchanged.
func (f *targetFile) store(body []byte) (written bool, err error) {
	if current, err := os.ReadFile(f.path); err == nil && bytes.Equal(current, body) {
		return false, nil
	}
	if err := f.replace(body); err != nil {
		if errors.Is(err, syscall.EBUSY) {
			err = fmt.Errorf("%w (is the file itself a mount? mount its directory instead)", err)
		}
		return false, fmt.Errorf("write the targets file: %w", err)
	}
	return true, nil
}

func (f *targetFile) replace(body []byte) error {
	if err := f.makeDir(); err != nil { // it may have been removed
		return err
	}
	return f.file.Write(body)
}
