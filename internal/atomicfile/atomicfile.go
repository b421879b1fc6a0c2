// Package atomicfile replaces files as a whole: whoever reads one finds the old
// content or the new, never a part of it.
//
// It is for every system that the programs are built for, Windows included,
// which well-known libraries for this leave out.
package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// A File is a file that is only ever replaced.
type File struct {
	Path string

	// Perm are its permissions, whatever the umask. Zero means 0600.
	Perm fs.FileMode

	// Temp names the temporary file, which is renamed to Path. It must be in
	// the same file system, and there must be one writer only. By default each
	// write uses a new file beside Path.
	Temp string

	// Durable makes Write return only when the new content survives a loss of
	// power.
	Durable bool
}

// Write replaces the file. After an error the old content is still in place,
// unless only its durability could not be ensured.
func (f File) Write(content []byte) error {
	temp, err := f.create()
	if err != nil {
		return err
	}
	if err := errors.Join(f.fill(temp, content), temp.Close()); err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	if err := os.Rename(temp.Name(), f.Path); err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	if f.Durable {
		return SyncDir(filepath.Dir(f.Path))
	}
	return nil
}

// Check reports, as an error, why the file cannot be written, without touching
// it.
func (f File) Check() error {
	temp, err := f.create()
	if err != nil {
		return err
	}
	return errors.Join(temp.Close(), os.Remove(temp.Name()))
}

// RemoveTemporary removes temporary files that a crash left. No other program
// may be writing the file.
func (f File) RemoveTemporary() error {
	if f.Temp != "" {
		return ignore(os.Remove(f.Temp), fs.ErrNotExist)
	}
	dir := filepath.Dir(f.Path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	prefix, suffix, _ := strings.Cut(f.pattern(), "*")
	var errs []error
	for _, entry := range entries {
		name := entry.Name()
		if len(name) >= len(prefix)+len(suffix) && strings.HasPrefix(name, prefix) && strings.HasSuffix(name, suffix) && entry.Type().IsRegular() {
			errs = append(errs, ignore(os.Remove(filepath.Join(dir, name)), fs.ErrNotExist))
		}
	}
	return errors.Join(errs...)
}

func (f File) pattern() string { return "." + filepath.Base(f.Path) + ".*.tmp" }

// create makes the temporary file. A rename is atomic within one file system
// only, hence beside the file.
func (f File) create() (*os.File, error) {
	if f.Temp == "" {
		return os.CreateTemp(filepath.Dir(f.Path), f.pattern())
	}
	if err := f.RemoveTemporary(); err != nil {
		return nil, err
	}
	return os.OpenFile(f.Temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

func (f File) fill(temp *os.File, content []byte) error {
	if _, err := temp.Write(content); err != nil {
		return err
	}
	if f.Perm != 0 {
		if err := temp.Chmod(f.Perm); err != nil {
			return err
		}
	}
	if f.Durable {
		return temp.Sync()
	}
	return nil
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

// SyncDir makes what was created, renamed or removed in a directory survive a
// loss of power. File systems that cannot do this are not an error.
func SyncDir(path string) error {
	if !canSyncDirs {
		return nil
	}
	dir, err := os.Open(path) //nolint:gosec // the caller's choice
	if err != nil {
		return err
	}
	return errors.Join(ignore(dir.Sync(), syscall.EINVAL, syscall.ENOTSUP), dir.Close())
}
