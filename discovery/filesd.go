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
)

// maxFile limits what is read at the start, in bytes: 10,000 members with all
// labels take 10 MB.
const maxFile = 16 << 20

// A targetFile is the file_sd file. Readers find the old content or the new
// one, whole, at every instant, also when the machine loses power.
type targetFile struct {
	path string
	dir  string
}

// openTargetFile makes the directory if it is missing, removes what a crash
// left in it, and makes sure that it can be written.
func openTargetFile(path string) (*targetFile, error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // a rename would replace the link, not the file
	}
	f := &targetFile{path: path, dir: filepath.Dir(path)}
	if err := f.makeDir(); err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("look at the targets file: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("targets file %s is not a regular file", path)
	}
	if err := f.sweep(); err != nil {
		return nil, err
	}
	probe, err := f.temp()
	if err != nil {
		return nil, fmt.Errorf("write to the directory of the targets file: %w", err)
	}
	return f, discard(probe)
}

// makeDir makes the directory, which Prometheus, another user, has to enter.
func (f *targetFile) makeDir() error {
	if err := os.MkdirAll(f.dir, 0o755); err != nil { //nolint:gosec // see above
		return fmt.Errorf("make the directory of the targets file: %w", err)
	}
	return nil
}

// temp makes a temporary file beside the file: a rename is atomic within one
// file system only.
func (f *targetFile) temp() (*os.File, error) {
	return os.CreateTemp(f.dir, "."+filepath.Base(f.path)+".*.tmp")
}

// sweep removes temporary files of ours that a crash left.
func (f *targetFile) sweep() error {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return fmt.Errorf("read the directory of the targets file: %w", err)
	}
	head := "." + filepath.Base(f.path) + "."
	var errs []error
	for _, entry := range entries {
		name := entry.Name()
		if len(name) > len(head) && name[:len(head)] == head && filepath.Ext(name) == ".tmp" && entry.Type().IsRegular() {
			errs = append(errs, ignore(os.Remove(filepath.Join(f.dir, name)), fs.ErrNotExist))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("remove a temporary targets file: %w", err)
	}
	return nil
}

// load returns the targets that the file holds, nil when there is no file,
// and how many of them it leaves out because of their addresses.
func (f *targetFile) load(conf Config) (doc *document, dropped int, err error) {
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
		return nil, 0, fmt.Errorf("read the targets file %s: it is longer than %d MiB", f.path, maxFile>>20)
	}
	doc, dropped, err = conf.decode(content)
	if err != nil {
		return nil, 0, fmt.Errorf("read the targets file %s: %w", f.path, err)
	}
	return doc, dropped, nil
}

// store makes body the content of the file and reports whether it had to write.
// It compares with what is there, not with what was written last, so that a
// file which somebody else changed or removed is put right. After an error
// the file is as it was.
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
	if err := f.makeDir(); err != nil { // somebody may have removed it
		return err
	}
	temp, err := f.temp()
	if err != nil {
		return err
	}
	if err := fill(temp, body); err != nil {
		return errors.Join(err, discard(temp))
	}
	if err := os.Rename(temp.Name(), f.path); err != nil {
		return errors.Join(err, discard(temp))
	}
	return errors.Join(temp.Close(), syncDir(f.dir))
}

// fill writes body to the disk, readable for Prometheus whoever it runs as.
func fill(temp *os.File, body []byte) error {
	if _, err := temp.Write(body); err != nil {
		return err
	}
	if err := temp.Chmod(0o644); err != nil {
		return err
	}
	return temp.Sync()
}

// discard closes and removes a temporary file.
func discard(temp *os.File) error {
	return errors.Join(temp.Close(), os.Remove(temp.Name()))
}

// syncDir makes a rename outlast a loss of power. Some file systems do not
// know this for directories and say so.
func syncDir(path string) error {
	dir, err := os.Open(path) //nolint:gosec // the directory of the configured file
	if err != nil {
		return err
	}
	defer dir.Close()
	return ignore(dir.Sync(), syscall.EINVAL, syscall.ENOTSUP)
}

// ignore returns err unless it is one of those that do not matter.
func ignore(err error, harmless ...error) error {
	for _, h := range harmless {
		if errors.Is(err, h) {
			return nil
		}
	}
	return err
}
