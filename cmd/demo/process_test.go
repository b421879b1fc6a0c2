package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A process is a demo that runs as a program of its own.
type process struct {
	*exec.Cmd

	output io.Reader
	seen   strings.Builder // of the output
	stderr bytes.Buffer
}

// start starts a demo at the highest speed, which keeps its files in dir, for at
// most three minutes.
func start(t *testing.T, dir string, args ...string) *process {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	p := &process{Cmd: exec.CommandContext(ctx, os.Args[0], append([]string{"-speed", "20"}, args...)...)}
	p.Env = append(os.Environ(), asProgram+"=1", "TMPDIR="+dir)
	output, err := p.StdoutPipe()
	require.NoError(t, err)
	p.output, p.Stderr = output, &p.stderr
	require.NoError(t, p.Start())
	return p
}

// await waits until the output has a text.
func (p *process) await(t *testing.T, text string) {
	t.Helper()
	awaitText(t, p.output, &p.seen, text)
}

// end sends a signal and waits for the end, after the output has a text. It
// returns the exit code.
func (p *process) end(t *testing.T, signal os.Signal, text string) int {
	t.Helper()
	require.NoError(t, p.Process.Signal(signal))
	p.await(t, text)
	if err := p.Wait(); err != nil {
		var failed *exec.ExitError
		require.ErrorAs(t, err, &failed)
	}
	return p.ProcessState.ExitCode()
}

// page returns the address of the web page, once it was printed.
func (p *process) page(t *testing.T) string {
	t.Helper()
	p.await(t, "application behind")
	found := regexp.MustCompile(`web page: (\S+)`).FindStringSubmatch(p.seen.String())
	require.NotNil(t, found)
	return found[1]
}

// awaitText reads output until it has brought the text.
func awaitText(t *testing.T, output io.Reader, seen *strings.Builder, text string) {
	t.Helper()
	chunk := make([]byte, 4096)
	for !strings.Contains(seen.String(), text) {
		n, err := output.Read(chunk)
		seen.Write(chunk[:n])
		if err != nil {
			require.Contains(t, seen.String(), text, "the output ended: %v", err)
		}
	}
}

// children returns the process ids of all threads' children.
func children(t *testing.T, pid int) []int {
	t.Helper()
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	require.NoError(t, err)
	var pids []int
	for _, task := range tasks {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pid, task.Name()))
		if err != nil {
			continue // a thread that has ended since
		}
		for field := range strings.FieldsSeq(string(data)) {
			child, err := strconv.Atoi(field)
			require.NoError(t, err)
			pids = append(pids, child)
		}
	}
	return pids
}
