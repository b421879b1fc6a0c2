// Package programtest runs programs as processes in tests, and waits for what
// they write.
package programtest

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const selfVariable = "EXOPOOL_TEST_RUNS_AS_PROGRAM"

// Self returns the command that runs the test binary as the program itself,
// with this environment alone; its TestMain has to call [IsSelf].
func Self(tb testing.TB, env map[string]string, args ...string) *exec.Cmd {
	tb.Helper()
	self, err := os.Executable()
	require.NoError(tb, err)
	cmd := exec.CommandContext(context.WithoutCancel(tb.Context()), self, args...) //nolint:gosec // runs itself
	// Without this the race detector makes every process last a second longer.
	cmd.Env = []string{selfVariable + "=1", "GORACE=atexit_sleep_ms=0"}
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	return cmd
}

// IsSelf reports whether this process was started by [Self].
func IsSelf() bool { return os.Getenv(selfVariable) != "" }

// A Process is a program that runs until the test ends, or until Stop.
type Process struct {
	*Output
	Cmd *exec.Cmd

	stop func() error
}

// Start starts a program. When the test ends, the program is stopped as by
// [Process.Stop], and its output is logged if the test has failed.
func Start(tb testing.TB, cmd *exec.Cmd) *Process {
	tb.Helper()
	p := &Process{Output: &Output{}, Cmd: cmd}
	cmd.Stdout, cmd.Stderr = p.Output, p.Output
	require.NoError(tb, cmd.Start())
	p.stop = sync.OnceValue(func() error {
		_ = cmd.Process.Signal(syscall.SIGTERM) // one that has ended has an exit code
		return cmd.Wait()
	})
	tb.Cleanup(func() {
		p.Stop(tb)
		if tb.Failed() {
			tb.Logf("%s:\n%.8000s", filepath.Base(cmd.Path), p.String())
		}
	})
	return p
}

// Stop sends the program the signal TERM and waits for its end, which has to be
// with exit code 0.
func (p *Process) Stop(tb testing.TB) {
	tb.Helper()
	assert.NoError(tb, p.stop(), p.Cmd.Path)
}

// FreePort returns a port that no program listens on.
func FreePort(tb testing.TB) string {
	tb.Helper()
	listener, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(tb, err)
	return port
}
