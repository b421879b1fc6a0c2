package procfiles

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// interval of updates. Node exporters are asked every few seconds.
const interval = 200 * time.Millisecond

// A Source returns the current content of a file, in texts that are all of the same
// length.
type Source func() (string, error)

// CPU returns the sources of a /proc/stat and of the /proc/uptime that goes with it,
// and has to be updated after it. Meter returns the CPU time used so far, and how
// many CPUs of the host may be used.
func CPU(cpus int, meter func() (used Used, limit float64, err error)) (stat, uptime Source) {
	var account *Account
	stat = func() (string, error) {
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
	return stat, func() (string, error) { return account.Uptime(), nil }
}

// Fixed returns the source of a file that never changes.
func Fixed(text string) Source {
	return func() (string, error) { return text, nil }
}

// Files show what their sources return. They stay the same files: they are
// mounted in the machine, where readers see either the old or the new text.
type Files struct {
	all []file
}

type file struct {
	*os.File

	source Source
}

// A Named source is that of the file of this name in /proc.
type Named struct {
	Name   string
	Source Source
}

// Create makes files in a directory, or begins anew in those that are there. They
// must be kept up to date by [Files.Keep] afterwards, which asks the sources one
// after the other in the order given.
func Create(dir string, sources ...Named) (*Files, error) {
	f := &Files{}
	for _, s := range sources {
		opened, err := os.OpenFile(filepath.Join(dir, s.Name), os.O_CREATE|os.O_RDWR, 0o444) //nolint:gosec // G302: every user of the machine reads it
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		f.all = append(f.all, file{opened, s.Source})
		// What was there may be longer.
		if err := opened.Truncate(0); err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	if err := f.update(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Keep updates the files until ctx ends, and closes them.
func (f *Files) Keep(ctx context.Context) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return f.Close()
		case <-ticker.C:
		}
		if err := f.update(); err != nil {
			return errors.Join(err, f.Close())
		}
	}
}

// Close is for files that will not be kept.
func (f *Files) Close() error {
	errs := make([]error, 0, len(f.all))
	for _, one := range f.all {
		errs = append(errs, one.Close())
	}
	return errors.Join(errs...)
}

func (f *Files) update() error {
	for _, one := range f.all {
		text, err := one.source()
		if err == nil {
			_, err = one.WriteAt([]byte(text), 0)
		}
		if err != nil {
			return fmt.Errorf("update %s: %w", one.Name(), err)
		}
	}
	return nil
}
