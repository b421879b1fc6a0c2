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
	if !locked {
		return nil, failure(ctx, path, err)
	}
	return func() { _ = lock.Unlock() }, nil
}

// Share locks the file like [Acquire], but together with all others that share
// it. It waits while another program has the lock for itself.
func Share(ctx context.Context, path string) (release func(), err error) {
	lock := flock.New(path)
	locked, err := lock.TryRLockContext(ctx, interval)
	if !locked {
		return nil, failure(ctx, path, err)
	}
	return func() { _ = lock.Unlock() }, nil
}

// Try locks the file like [Acquire], but does not wait: ok is false if another
// program has the lock, shared or for itself.
func Try(path string) (release func(), ok bool, err error) {
	lock := flock.New(path)
	ok, err = lock.TryLock()
	if err != nil {
		return nil, false, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { _ = lock.Unlock() }, ok, nil
}

// failure says why there is no lock.
func failure(ctx context.Context, path string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("wait for %s: %w", path, context.Cause(ctx))
	}
	return fmt.Errorf("lock %s: %w", path, err)
}
