// Package filelock waits for locks that programs share by way of a file.
package filelock

import (
	"context"
	"fmt"
	"time"

	"github.com/gofrs/flock"
)

// interval is the time from one attempt to the next: the kernel has no wait
// that a context could end.
const interval = 200 * time.Millisecond

// Acquire locks the file, which it creates if it is missing, and returns what
// unlocks it. If another program has the lock, Acquire calls waiting once and
// waits until ctx ends; its error is then the cause of that. The kernel
// releases the lock of a process that dies. The file stays: if it were removed,
// two processes could lock two files of the same name.
func Acquire(ctx context.Context, path string, waiting func()) (release func(), err error) {
	lock := flock.New(path)
	locked, err := lock.TryLock()
	if err == nil && !locked {
		waiting()
		locked, err = lock.TryLockContext(ctx, interval)
	}
	switch {
	case locked:
		return func() { _ = lock.Unlock() }, nil
	case ctx.Err() != nil:
		return nil, fmt.Errorf("wait for %s: %w", path, context.Cause(ctx))
	}
	return nil, fmt.Errorf("lock %s: %w", path, err)
}
