package providers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"
)

// lockPoll is how often a waiting process tries again.
const lockPoll = 200 * time.Millisecond

var errLocked = errors.New("locked by another process")

// lock waits until no other process holds the file. The file is not removed, as
// then two processes could lock two files of the same name.
func lock(ctx context.Context, path string, logger *slog.Logger) (unlock func(), err error) {
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
			logger.Info("waiting for another process that builds the same", "lock", path)
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("wait for %s: %w", path, ctx.Err()), f.Close())
		case <-time.After(lockPoll):
		}
	}
}
