package filelock_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/filelock"
)

func TestOneHoldsAndOthersWait(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	release, err := filelock.Acquire(t.Context(), path, func() { t.Error("nothing to wait for") })
	require.NoError(t, err)

	waits, got := make(chan struct{}), make(chan error)
	go func() {
		release, err := filelock.Acquire(context.WithoutCancel(t.Context()), path, func() { close(waits) })
		if err == nil {
			release()
		}
		got <- err
	}()
	<-waits
	release()
	require.NoError(t, <-got)
}

func TestWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	release, err := filelock.Acquire(t.Context(), path, func() {})
	require.NoError(t, err)
	defer release()

	interrupted := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	_, err = filelock.Acquire(ctx, path, func() { cancel(interrupted) })
	require.ErrorIs(t, err, interrupted)
	assert.ErrorContains(t, err, path)
}

func TestManyShareAndNobodyHasItAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	try := func(want bool) func() {
		release, ok, err := filelock.Try(path)
		require.NoError(t, err)
		require.Equal(t, want, ok)
		return release
	}
	first, err := filelock.Share(t.Context(), path)
	require.NoError(t, err)
	second, err := filelock.Share(t.Context(), path)
	require.NoError(t, err)
	first()
	try(false)
	second()
	alone := try(true)
	try(false)

	interrupted := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(interrupted)
	_, err = filelock.Share(ctx, path)
	require.ErrorIs(t, err, interrupted)
	alone()
}

func TestFileThatCannotBeLocked(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "missing", "lock")
	_, err := filelock.Acquire(t.Context(), path, func() {})
	require.ErrorContains(t, err, "lock "+path)
	_, err = filelock.Share(t.Context(), path)
	require.ErrorContains(t, err, "lock "+path)
	_, _, err = filelock.Try(path)
	assert.ErrorContains(t, err, "lock "+path)
}
