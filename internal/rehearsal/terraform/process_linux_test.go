package terraform_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/rehearsal/terraform"
	"github.com/exopool/exopool/internal/scripttest"
)

// starter is a fake Terraform that executes a command; REACTION is what it does
// when it is interrupted.
const starter = `#!/bin/sh
test "$1" = apply || exit 0
trap 'REACTION' INT
sleep 300 >/dev/null 2>&1 &
echo $! > pid.partial && mv pid.partial "$STARTED"
while :; do sleep 0.02; done
`

// interrupted is a run that was interrupted after it had started a command.
type interrupted struct {
	ended   chan error
	command string // file that is empty or gone when the command has ended
}

func interrupt(t *testing.T, reaction string, kill <-chan struct{}) interrupted {
	t.Helper()
	var output bytes.Buffer
	cfg := config(t, &output)
	started := filepath.Join(t.TempDir(), "pid")
	cfg.Env = append(cfg.Env, "STARTED="+started)
	cfg.Kill = kill
	scripttest.Write(t, cfg.Program, strings.Replace(starter, "REACTION", reaction, 1))
	ctx, cancel := context.WithCancel(t.Context())
	f, err := terraform.New(cfg)
	require.NoError(t, err)
	i := interrupted{ended: make(chan error, 1)}
	go func() {
		i.ended <- f.Apply(ctx)
		close(i.ended)
	}()
	t.Cleanup(func() {
		cancel()
		for range i.ended { // until it is closed
		}
		require.NoError(t, f.Close())
	})
	require.Eventually(t, func() bool {
		pid, err := os.ReadFile(started)
		i.command = filepath.Join("/proc", strings.TrimSpace(string(pid)), "cmdline")
		return err == nil
	}, 10*time.Second, 5*time.Millisecond)
	cancel()
	return i
}

func (i interrupted) assertNoProcessLeft(t *testing.T) {
	t.Helper()
	assert.Eventually(t, func() bool {
		command, err := os.ReadFile(i.command)
		return err != nil || len(command) == 0
	}, 10*time.Second, 5*time.Millisecond, "the command goes on")
}

func TestInterruptLeavesNoCommandBehind(t *testing.T) {
	run := interrupt(t, "exit 1", nil)
	require.ErrorIs(t, <-run.ended, context.Canceled)
	run.assertNoProcessLeft(t)
}

func TestKilledProgramsAreNotWaitedFor(t *testing.T) {
	kill := make(chan struct{})
	run := interrupt(t, "", kill)
	select {
	case err := <-run.ended:
		t.Fatal("it ends on the interrupt: ", err)
	default:
	}
	close(kill)
	select {
	case err := <-run.ended:
		require.ErrorIs(t, err, context.Canceled)
	case <-time.After(30 * time.Second): // far less than the grace
		t.Error("it is waited for")
	}
	run.assertNoProcessLeft(t)
}
