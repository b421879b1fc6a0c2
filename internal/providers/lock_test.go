//go:build unix

package providers_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/providers"
)

func TestInstallWaitsForAnotherProcessNoLongerThanItsContext(t *testing.T) {
	const unreachable = "http://127.0.0.1:1"
	reference := install(t, providers.Config{Registry: unreachable})
	cache := t.TempDir()
	path := filepath.Join(cache, mirrorName(reference.Built[0])+".lock")
	other, err := os.Create(path)
	require.NoError(t, err)
	defer other.Close()
	require.NoError(t, syscall.Flock(int(other.Fd()), syscall.LOCK_EX))

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	log := slog.New(slog.NewTextHandler(trigger{word: "waiting", pull: cancel}, nil))
	_, err = providers.Install(ctx, providers.Config{Registry: unreachable, Cache: cache, Logger: log})
	require.ErrorIs(t, err, context.Canceled)
	assert.ErrorContains(t, err, "wait for "+path)
}
