//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestReaderThatLeavesEndsNothing is about a Ctrl-C at "fakecloud rehearse DIR |
// tee log": tee is gone when there is still much to remove.
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
	contacts := func() []string {
		names, err := filepath.Glob(filepath.Join(home, "fakecloud", "*.json"))
		require.NoError(t, err)
		return names
	}
	await(t, func() bool { return len(contacts()) == 1 })

	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))

	require.NoError(t, cmd.Wait(), "it ended in order")
	assert.Empty(t, contacts(), "and took back what it had left")
}
