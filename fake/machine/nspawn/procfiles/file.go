package procfiles

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// interval of updates. Node exporters are asked every few seconds.
const interval = 200 * time.Millisecond

// A Source returns the current content of a file, in texts that are all of the same
// length.
type Source func() (string, error)

// CPU returns the source of a /proc/stat. Meter returns the CPU time used so far,
// and how many CPUs of the host may be used.
func CPU(cpus int, meter func() (used Used, limit float64, err error)) Source {
	var account *Account
	return func() (string, error) {
		used, limit, err := meter()
		if err != nil {
			return "", err
		}
		if account == nil {
			account = NewAccount(cpus, time.Now(), used)
		}
		account.Update(time.Now(), used, limit)
		return account.Text(), nil
	}
}

// A File shows what a source returns. It stays the same file: it is mounted in
// the machine, where readers see either the old or the new text.
type File struct {
	file   *os.File
	source Source
}

// Create makes the file, or begins anew in one that is there. It must be kept
// up to date by [File.Keep] afterwards.
func Create(name string, source Source) (*File, error) {
	file, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o444) //nolint:gosec // G302: every user of the machine reads it
	if err != nil {
		return nil, err
	}
	f := &File{file: file, source: source}
	// What was there may be longer.
	if err := errors.Join(file.Truncate(0), f.update()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return f, nil
}

// Keep updates the file until ctx ends, and closes it.
func (f *File) Keep(ctx context.Context) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return f.file.Close()
		case <-ticker.C:
		}
		if err := f.update(); err != nil {
			return errors.Join(err, f.file.Close())
		}
	}
}

// Close is for a file that will not be kept.
func (f *File) Close() error { return f.file.Close() }

func (f *File) update() error {
	text, err := f.source()
	if err == nil {
		_, err = f.file.WriteAt([]byte(text), 0)
	}
	if err != nil {
		return fmt.Errorf("update %s: %w", f.file.Name(), err)
	}
	return nil
}
