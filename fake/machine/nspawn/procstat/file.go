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

// Keep writes an account into a file until ctx ends. The file stays the same
// one: it is mounted over /proc/stat in the machine, where readers see either
// the old or the new counters.
func Keep(ctx context.Context, name string, cpus int, meter Meter) (err error) {
	file, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o444) //nolint:gosec // G302: everybody in the machine reads it
	if err != nil {
		return fmt.Errorf("show CPU time: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	used, _, err := meter()
	if err != nil {
		return fmt.Errorf("show CPU time: %w", err)
	}
	account := NewAccount(cpus, time.Now(), used)
	if err := file.Truncate(0); err != nil {
		return fmt.Errorf("show CPU time: %w", err)
	}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		if _, err := file.WriteAt([]byte(account.Text()), 0); err != nil {
			return fmt.Errorf("show CPU time: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		used, limit, err := meter()
		if err != nil {
			return fmt.Errorf("show CPU time: %w", err)
		}
		account.Update(time.Now(), used, limit)
	}
}
