package providers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"
)

// lockPoll is how often a waiting process looks whether the other is done.
const lockPoll = 200 * time.Millisecond

var errLocked = errors.New("locked by another process")

// lock waits until no other process holds the file. The file stays: removing
// it would let two processes lock two files of one name.
func lock(ctx context.Context, path string, log *slog.Logger) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // a path in the cache
	if err != nil {
		return nil, err
	}
	for first := true; ; first = false {
		err := lockFile(f)
		if err == nil {
			return func() { _ = f.Close() }, nil
		}
		if !errors.Is(err, errLocked) {
			return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
		}
		if first {
			log.Info("waiting for another process that builds the same", "lock", path)
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("wait for %s: %w", path, ctx.Err()), f.Close())
		case <-time.After(lockPoll):
		}
	}
}
