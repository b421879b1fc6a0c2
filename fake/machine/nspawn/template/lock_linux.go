package template

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"syscall"
	"time"
)

// lockPause is the wait between two attempts: the kernel has no wait that a
// context could end.
const lockPause = 200 * time.Millisecond

// lock waits until it is alone with the file. The kernel frees a lock whose
// owner dies.
func lock(ctx context.Context, name string, log *slog.Logger) (unlock func(), err error) {
	file, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // G304: the name is ours
	if err != nil {
		return nil, err
	}
	for attempt := 0; ; attempt++ {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = file.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			_ = file.Close()
			return nil, &os.PathError{Op: "lock", Path: name, Err: err}
		}
		if attempt == 0 {
			log.Info("another program builds the template, waiting for it", "lock", name)
		}
		select {
		case <-ctx.Done():
			_ = file.Close()
			return nil, context.Cause(ctx)
		case <-time.After(lockPause):
		}
	}
}
