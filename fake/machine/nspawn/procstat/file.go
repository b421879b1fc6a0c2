package procstat

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// interval of updates. Node exporters are asked every few seconds.
const interval = 200 * time.Millisecond

// A Meter tells the CPU time used so far and how many CPUs may be used.
type Meter func() (used Used, limit float64, err error)

// A File shows an account. It stays the same file: it is mounted over
// /proc/stat in the machine, where readers see either the old or the new
// counters.
type File struct {
	file    *os.File
	meter   Meter
	account *Account
}

// Create makes the file, or begins anew in one that is there. It must be kept
// up to date by [File.Keep] afterwards.
func Create(name string, cpus int, meter Meter) (*File, error) {
	used, _, err := meter()
	if err != nil {
		return nil, fmt.Errorf("show CPU time: %w", err)
	}
	file, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o444) //nolint:gosec // G302: everybody in the machine reads it
	if err != nil {
		return nil, fmt.Errorf("show CPU time: %w", err)
	}
	f := &File{file: file, meter: meter, account: NewAccount(cpus, time.Now(), used)}
	// The machine may have had more CPUs before.
	if err := errors.Join(file.Truncate(0), f.write()); err != nil {
		return nil, fmt.Errorf("show CPU time: %w", errors.Join(err, file.Close()))
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
			return fmt.Errorf("show CPU time: %w", errors.Join(err, f.file.Close()))
		}
	}
}

func (f *File) update() error {
	used, limit, err := f.meter()
	if err != nil {
		return err
	}
	f.account.Update(time.Now(), used, limit)
	return f.write()
}

func (f *File) write() error {
	_, err := f.file.WriteAt([]byte(f.account.Text()), 0)
	return err
}
