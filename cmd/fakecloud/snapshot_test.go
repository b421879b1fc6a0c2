package main

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/command"
	"github.com/exopool/exopool/fake/fakecloud"
)

// serveState starts a cloud that keeps its state in a file, as serve does. It is
// closed by the test's end, or by end.
func serveState(t *testing.T, term terminal, file string) (cloud *fakecloud.Cloud, end func()) {
	t.Helper()
	cfg := config{Listen: "127.0.0.1:0", Machines: machinesMemory, Speed: 1, Instant: true, State: file, KeepChanges: true}
	require.NoError(t, term.openState(&cfg))
	cloud, err := term.startCloud(t.Context(), cfg)
	require.NoError(t, err)
	unregister, err := term.register(cloud.Connection())
	require.NoError(t, err)
	ended := false
	end = func() {
		if !ended {
			ended = true
			unregister()
			term.close(cloud)
			cfg.state.close()
		}
	}
	t.Cleanup(end)
	return cloud, end
}

func makeGroup(t *testing.T, cloud *fakecloud.Cloud, name string) {
	t.Helper()
	require.NoError(t, cloud.API().Call(t.Context(), http.MethodPost, "/v2/anti-affinity-group", map[string]string{"name": name}, nil))
}

func TestStateFileGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	term := newTerminal(t)
	file := filepath.Join(t.TempDir(), "state")
	cloud, end := serveState(t, term, file)
	makeGroup(t, cloud, "a")
	want, credentials := cloud.API().Inventory(), cloud.API().Credentials()
	args := []string{"serve", "-listen", "127.0.0.1:0", "-instant", "-state", file}
	assert.Equal(t, command.ExitFailure, term.run(t.Context(), args))
	assert.Contains(t, term.err.String(), "another instance uses it; give another file, or end that one")
	info, err := os.Stat(file)
	require.NoError(t, err)
	assert.EqualValues(t, 0o600, info.Mode().Perm(), "it holds keys")
	end()

	// A crash may leave half a line, that of the host zeros after it.
	half, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	_, err = half.WriteString(`{"at": "20` + "\x00\x00")
	require.NoError(t, err)
	require.NoError(t, half.Close())
	cloud, end = serveState(t, term, file)
	assert.Contains(t, term.err.String(), "the last change in "+file+" is incomplete and left out")
	assert.Equal(t, want, cloud.API().Inventory())
	assert.Equal(t, credentials, cloud.API().Credentials(), "clients go on, too")
	makeGroup(t, cloud, "b")
	want = cloud.API().Inventory()
	end()
	cloud, end = serveState(t, term, file)
	assert.Equal(t, want, cloud.API().Inventory())
	end()

	assert.Equal(t, command.ExitFailure, term.run(t.Context(), []string{"serve", "-listen", "127.0.0.1:0", "-state", file}))
	assert.Contains(t, term.err.String(), `start the cloud with the same: instant was "true", and is "false"`)
	assert.Equal(t, command.ExitFailure, term.run(t.Context(), []string{"serve", "-state", filepath.Join(file, "x")}))
	assert.Contains(t, term.err.String(), "flag -state: lock ")
}

func TestServeSaysWhatStays(t *testing.T) {
	t.Parallel()
	term := newTerminal(t)
	file := filepath.Join(t.TempDir(), "my state")
	_, stop := serving(t, term, "-state", file)
	assert.Contains(t, term.out.String(), "# Stop with Ctrl-C; \""+file+"\" keeps the state for the next start.\n")
	require.Equal(t, 0, stop(), term.err)
	assert.FileExists(t, file)
	other := newTerminal(t)
	serving(t, other)
	assert.Contains(t, other.out.String(), "# Stop with Ctrl-C; nothing stays behind.\n")
}

func TestBusyInstancesAreNotForgotten(t *testing.T) {
	t.Parallel()
	term := newTerminal(t)
	serveState(t, term, filepath.Join(t.TempDir(), "state"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // as if the instance had not answered in time
	assert.Equal(t, command.ExitFailure, term.run(ctx, []string{"reset"}))
	assert.Contains(t, term.err.String(), "does not answer")
	assert.Equal(t, command.ExitOK, term.run(t.Context(), []string{"reset"}), term.err)
}

func TestFilesThatAreNoStateAreNotOverwritten(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"a key without an end of line", "a note\n", "{}\n{"} {
		term := newTerminal(t)
		file := filepath.Join(t.TempDir(), "mine")
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		require.Equal(t, command.ExitFailure, term.run(t.Context(), []string{"exec", "-state", file, "--", "true"}))
		assert.Contains(t, term.err.String(), "this is not a state that fakecloud has saved")
		kept, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Equal(t, text, string(kept))
	}
}

func TestExecKeepsTheStateForTheNextCommand(t *testing.T) {
	t.Parallel()
	args, environ := child(t, "litter")
	term := newTerminal(t, environ)
	file := filepath.Join(t.TempDir(), "state")
	run := append([]string{"exec", "-instant", "-state", file}, args[1:]...)
	require.Equal(t, 0, term.run(t.Context(), run), term.err)
	assert.Contains(t, term.err.String(), "left these behind; they are kept in "+file)
	require.Equal(t, 0, term.run(t.Context(), run), term.err)
	assert.Contains(t, term.out.String(), "409\n", "the group is there already")
}

func TestSnapshotsAndReset(t *testing.T) {
	t.Parallel()
	term := newTerminal(t)
	kept := filepath.Join(t.TempDir(), "state")
	cloud, end := serveState(t, term, kept)
	makeGroup(t, cloud, "a")
	want := cloud.API().Inventory()
	file := filepath.Join(t.TempDir(), "snapshot")
	run := func(code int, args ...string) {
		t.Helper()
		require.Equal(t, code, term.run(t.Context(), args), term.err)
	}
	run(0, "snapshot", "save", file)
	run(0, "reset")
	assert.Empty(t, cloud.API().Inventory())
	makeGroup(t, cloud, "b")
	run(0, "snapshot", "load", file)
	assert.Equal(t, want, cloud.API().Inventory())

	run(command.ExitFailure, "snapshot", "save", kept)
	assert.Contains(t, term.err.String(), "lock "+kept+": another instance uses it; give another file")
	makeGroup(t, cloud, "c")
	text, err := os.ReadFile(kept)
	require.NoError(t, err)
	assert.Contains(t, string(text), `"name":"c"`, "the instance goes on writing to its file")
	want = cloud.API().Inventory()
	end()
	cloud, _ = serveState(t, term, kept)
	run(0, "snapshot", "save", file)

	require.NoError(t, os.WriteFile(file, []byte("{}"), 0o600))
	run(command.ExitFailure, "snapshot", "load", file)
	assert.Contains(t, term.err.String(), "this is not a state that fakecloud has saved")
	run(command.ExitFailure, "snapshot", "load", file+".none")
	assert.Contains(t, term.err.String(), "no such file")
	run(command.ExitUsage, "snapshot", "save")
	run(command.ExitUsage, "snapshot")
	assert.Contains(t, term.err.String(), "command line names no command: give save or load")
	run(0, "snapshot", "-h")
	assert.Contains(t, term.out.String(), "of an instance with the same flags")
	assert.Equal(t, want, cloud.API().Inventory())
}
