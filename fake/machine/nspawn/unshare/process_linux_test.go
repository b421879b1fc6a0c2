package unshare_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/nspawn/unshare"
)

// start runs a shell script in namespaces of its own, and kills it with the test.
func start(t *testing.T, spec unshare.Spec, script string) *unshare.Process {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("namespaces need root")
	}
	spec.Args = []string{"sh", "-c", script}
	p, err := unshare.Start(spec)
	if errors.Is(err, syscall.EPERM) {
		t.Skipf("namespaces are not allowed here, as in most containers: %v", err)
	}
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Kill()) })
	return p
}

func await(t *testing.T, p *unshare.Process) {
	t.Helper()
	select {
	case <-p.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("the process does not end")
	}
}

func TestProcessIsTheFirstOfItsNamespace(t *testing.T) {
	var output bytes.Buffer
	p := start(t, unshare.Spec{Output: &output, Env: []string{"A=b"}}, `echo $$ $A; ls -d /proc/[0-9]* | wc -l; exit 7`)
	await(t, p)
	assert.Equal(t, 7, p.ExitCode())
	require.Error(t, p.Err())
	lines := strings.Split(output.String(), "\n")
	assert.Equal(t, "1 b", lines[0])
	count, err := strconv.Atoi(strings.TrimSpace(lines[1]))
	require.NoError(t, err)
	assert.LessOrEqual(t, count, 4, "only its own processes are seen")
}

func TestProcessReadsItsInput(t *testing.T) {
	var output bytes.Buffer
	await(t, start(t, unshare.Spec{Input: strings.NewReader("hello"), Output: &output}, "cat"))
	assert.Equal(t, "hello", output.String())
}

func TestCredentialsOfThisProgramAreNotPassedOn(t *testing.T) {
	t.Setenv("EXOSCALE_API_SECRET", "hidden")
	var output bytes.Buffer
	await(t, start(t, unshare.Spec{Output: &output}, "env"))
	assert.NotContains(t, output.String(), "hidden")
}

func TestOverlayEndsWithTheProcess(t *testing.T) {
	dir := t.TempDir()
	o := &unshare.Overlay{}
	for name, to := range map[string]*string{"lower": &o.Lower, "upper": &o.Upper, "work": &o.Work, "target": &o.Target} {
		*to = filepath.Join(dir, name)
		require.NoError(t, os.Mkdir(*to, 0o755))
	}
	require.NoError(t, os.WriteFile(filepath.Join(o.Lower, "a"), []byte("old"), 0o600))
	var output bytes.Buffer
	p := start(t, unshare.Spec{Overlay: o, Output: &output}, `cd `+o.Target+` && cat a && echo new >a`)
	await(t, p)
	require.NoError(t, p.Err(), output.String())
	assert.Equal(t, "old", output.String())
	changed, err := os.ReadFile(filepath.Join(o.Upper, "a"))
	require.NoError(t, err)
	assert.Equal(t, "new\n", string(changed))
	assert.NoFileExists(t, filepath.Join(o.Target, "a"))
	mounts, err := os.ReadFile("/proc/self/mounts")
	require.NoError(t, err)
	assert.NotContains(t, string(mounts), dir)
}

func TestChildrenEndWithTheProcess(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	// The child holds the fifo open, even when it is alone and deaf.
	p := start(t, unshare.Spec{}, `(trap "" TERM; setsid sleep 1000) <`+fifo+` & wait`)
	f, err := os.OpenFile(fifo, os.O_WRONLY, 0)
	require.NoError(t, err)
	defer f.Close()
	_, err = f.WriteString("x")
	require.NoError(t, err)
	require.NoError(t, p.Kill())
	_, err = f.WriteString("x")
	assert.ErrorIs(t, err, syscall.EPIPE)
}

func TestProcessHearsSignals(t *testing.T) {
	ready, w, err := os.Pipe()
	require.NoError(t, err)
	defer ready.Close()
	p := start(t, unshare.Spec{Output: w}, `trap "exit 3" TERM; echo ready; while :; do sleep 0.1; done`)
	require.NoError(t, w.Close())
	_, err = ready.Read(make([]byte, 1))
	require.NoError(t, err)
	require.NoError(t, p.Signal(syscall.SIGTERM))
	await(t, p)
	assert.Equal(t, 3, p.ExitCode())
	require.NoError(t, p.Signal(syscall.SIGTERM), "one that is gone hears nothing")
	require.NoError(t, p.Kill())
}

func TestPathsThatTheKernelWouldMisread(t *testing.T) {
	assert.True(t, unshare.Mountable("/var/lib/exopool-machines/a b"))
	for _, path := range []string{"/a:b", "/a,b", `/a\b`} {
		assert.False(t, unshare.Mountable(path), path)
	}
}
