package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"github.com/exopool/exopool/cmd/internal/settings"
)

// A stateDir is a directory that only this process uses, until Close or its end.
type stateDir struct {
	path string // empty: nothing is kept
	lock *flock.Flock
}

// Close releases the directory.
func (d stateDir) Close() error {
	if d.lock == nil {
		return nil
	}
	return d.lock.Close()
}

var errLocked = errors.New("another autoscaler uses it; give each its own -state-dir")

// openStateDir makes the directory if it is missing and locks it. One that the
// operator has named, by the setting named, has to work; without the default
// one, named is nil, the program keeps webhooks in memory and says so.
func openStateDir(path string, named *settings.Setting, logger *slog.Logger) (stateDir, error) {
	dir, err := lockStateDir(path)
	switch {
	case err == nil:
		return dir, nil
	case errors.Is(err, errLocked):
		return stateDir{}, fmt.Errorf("use state directory %s: %w", path, err)
	case named != nil:
		return stateDir{}, named.NewError(fmt.Sprintf("is %q, which cannot be used: %v", path, err))
	}
	logger.Warn("webhooks are kept in memory only and do not survive a restart; name a directory with -state-dir",
		slog.String("state_dir", path), slog.Any("err", err))
	return stateDir{}, nil
}

func lockStateDir(path string) (stateDir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return stateDir{}, err
	}
	lock := flock.New(filepath.Join(path, "lock"))
	switch locked, err := lock.TryLock(); {
	case err != nil:
		return stateDir{}, err
	case !locked:
		return stateDir{}, errLocked
	}
	return stateDir{path: path, lock: lock}, nil
}
