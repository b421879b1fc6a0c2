//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestReaderThatLeavesEndsNothing is about a Ctrl-C at "fakecloud rehearse DIR |
// tee log": tee ends while there is still much to remove.
func TestReaderThatLeavesEndsNothing(t *testing.T) {
	program, err := os.Executable()
	require.NoError(t, err)
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	require.NoError(t, reader.Close())
	home := t.TempDir()
	cmd := exec.CommandContext(t.Context(), program, "serve", "-listen", "127.0.0.1:0")
	cmd.Env = append(os.Environ(), childMode+"=fakecloud", "XDG_RUNTIME_DIR="+home)
	cmd.Stdout, cmd.Stderr = writer, writer
	require.NoError(t, cmd.Start())
	require.NoError(t, writer.Close())
	instances := func() []string {
		names, err := filepath.Glob(filepath.Join(home, "fakecloud", "*.json"))
		require.NoError(t, err)
		return names
	}
	require.Eventually(t, func() bool { return len(instances()) == 1 }, time.Minute, time.Millisecond) // it cannot say so

	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))

	require.NoError(t, cmd.Wait(), "it ended in order")
	assert.Empty(t, instances(), "and took back what it had left")
}
