package loadgen_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/procfs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/loadgen"
)

// idle is a CPU that never works.
func idle() time.Duration { return 0 }

// read parses the file with the code that the node exporter uses.
func read(t *testing.T, dir string) procfs.Stat {
	t.Helper()
	fs, err := procfs.NewFS(dir)
	require.NoError(t, err)
	stat, err := fs.Stat()
	require.NoError(t, err)
	return stat
}

func TestStatFileShowsBusyTimeAsUserAndTheRestAsIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, busy := t.TempDir(), time.Duration(0)
		booted := time.Now()
		f, err := loadgen.NewStatFile(dir, func() time.Duration { return busy }, slog.New(slog.DiscardHandler))
		require.NoError(t, err)

		time.Sleep(10 * time.Second)
		busy = 2500 * time.Millisecond
		require.NoError(t, f.Write())

		stat := read(t, dir)
		assert.InDelta(t, 2.5, stat.CPUTotal.User, 1e-9)
		assert.InDelta(t, 7.5, stat.CPUTotal.Idle, 1e-9)
		require.Len(t, stat.CPU, 1)
		assert.Equal(t, stat.CPUTotal, stat.CPU[0])
		assert.Equal(t, uint64(booted.Unix()), stat.BootTime)
	})
}

func TestStatFileCountersNeverFall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		cpu := virtual(t, 0.7, 3*time.Millisecond) // not a multiple of a tick
		f, err := loadgen.NewStatFile(dir, cpu.Busy, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		before := read(t, dir).CPUTotal
		for i := range 500 {
			if i%3 > 0 {
				require.NoError(t, cpu.Burn(t.Context()))
			}
			time.Sleep(time.Duration(i%7) * time.Millisecond)
			require.NoError(t, f.Write())
			now := read(t, dir).CPUTotal
			require.GreaterOrEqual(t, now.User, before.User)
			require.GreaterOrEqual(t, now.Idle, before.Idle)
			before = now
		}
	})
}

func TestStatFileIsRenewedFiveTimesASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, writes := t.TempDir(), 0
		f, err := loadgen.NewStatFile(dir, func() time.Duration { writes++; return 0 }, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		writes = 0
		go f.Run(t.Context())
		time.Sleep(time.Second + time.Millisecond)
		synctest.Wait()
		assert.Equal(t, 5, writes)
		assert.InDelta(t, 1, read(t, dir).CPUTotal.Idle, 1e-9, "idle advances with wall time")
	})
}

func TestStatFileLeavesNothingElseBehind(t *testing.T) {
	dir := t.TempDir()
	_, err := loadgen.NewStatFile(dir, idle, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	assert.Equal(t, "stat", entries[0].Name())
}

func TestStatFileNeedsItsDirectory(t *testing.T) {
	_, err := loadgen.NewStatFile(filepath.Join(t.TempDir(), "missing"), idle, slog.New(slog.DiscardHandler))
	assert.ErrorContains(t, err, "write stat file")
}
