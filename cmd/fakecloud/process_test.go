//go:build linux

package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine"
)

// membersOf returns the processes of cloud members that this one has started.
func membersOf(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob("/proc/[0-9]*/status")
	require.NoError(t, err)
	parent := []byte("\nPPid:\t" + strconv.Itoa(os.Getpid()) + "\n")
	var members []string
	for _, name := range names {
		status, err := os.ReadFile(name)
		if err != nil || !bytes.Contains(status, parent) {
			continue // ended meanwhile, or somebody else's
		}
		command, err := os.ReadFile(strings.Replace(name, "status", "cmdline", 1))
		if err == nil && bytes.Contains(command, []byte(machine.MemberArgument)) {
			members = append(members, name)
		}
	}
	return members
}

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

func TestNoMemberProcessOutlivesItsCloud(t *testing.T) {
	in, err := start(t.Context(), settings{listen: "127.0.0.1:0", machines: "process", zone: "at-vie-1", speed: 100}, nil, io.Discard)
	require.NoError(t, err)
	closed := sync.OnceFunc(in.close)
	defer closed()
	var catalogue struct {
		Templates []struct {
			ID string `json:"id"`
		} `json:"templates"`
		Types []struct {
			ID string `json:"id"`
		} `json:"instance-types"`
	}
	require.NoError(t, in.cloud.Call(t.Context(), http.MethodGet, "/v2/template", nil, &catalogue))
	require.NoError(t, in.cloud.Call(t.Context(), http.MethodGet, "/v2/instance-type", nil, &catalogue))
	_, err = in.cloud.Do(t.Context(), http.MethodPost, "/v2/instance-pool", map[string]any{
		"name": "web", "size": 2, "disk-size": 10, "instance-type": catalogue.Types[0], "template": catalogue.Templates[0],
	})
	require.NoError(t, err)
	await(t, func() bool { return len(membersOf(t)) == 2 })

	closed()

	assert.Empty(t, membersOf(t))
}
