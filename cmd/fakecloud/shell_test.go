package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestShellReachesItsCloudAndNoOther(t *testing.T) {
	t.Parallel()
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("needs a shell")
	}
	self, err := os.Executable()
	require.NoError(t, err)
	term := newTerminal(t, "SHELL="+shell, "SELF="+self, "EXOSCALE_API_KEY=real", "PATH="+os.Getenv("PATH"), "TMPDIR="+t.TempDir())
	term.stdin = strings.NewReader(`echo "key $EXOSCALE_API_KEY in $EXOSCALE_ZONE, $PS1$PROMPT"
` + childMode + `=fakecloud "$SELF" faults add latency -duration 1ms
` + childMode + `=litter "$SELF"
exit 3
`)
	assert.Equal(t, 3, term.run(t.Context(), []string{"shell", "-zone", "de-fra-1"}), term.err)
	assert.Regexp(t, `^key EXO\w+ in de-fra-1, \(fakecloud\) \$ \n1\n`, term.out.String())
	assert.NotContains(t, term.out.String(), "real")
	said := term.err.String()
	assert.Regexp(t, `fakecloud: commands in this shell reach the fake Exoscale on http://127\.0\.0\.1:\d+, which ends with the shell`, said)
	assert.Contains(t, said, "sh left these behind; they have ended with the cloud:\n  anti-affinity-group ")
	left, err := filepath.Glob(filepath.Join(runtimeDir(term), "fakecloud", "*"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestShellThatIsNone(t *testing.T) {
	t.Parallel()
	term := newTerminal(t, "SHELL=/does/not/exist")
	assert.Equal(t, 127, term.run(t.Context(), []string{"shell"}))
	term = newTerminal(t)
	assert.Equal(t, 2, term.run(t.Context(), []string{"shell", "ls"}))
}

// atTerminal runs the lines in a bash of fakecloud shell at a terminal, whose rc file
// sets a prompt and real credentials. It returns what is seen there, and the exit
// code.
func atTerminal(t *testing.T, lines string) (seen string, code int) {
	t.Helper()
	script, err := exec.LookPath("script")
	bash, err2 := exec.LookPath("bash")
	if err != nil || err2 != nil {
		t.Skip("needs bash, and script of util-linux")
	}
	self, err := os.Executable()
	require.NoError(t, err)
	home, runtime := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(home, ".bashrc"), []byte("PS1='mine> '\nexport EXOSCALE_API_KEY=real\n"), 0o600))
	cmd := exec.CommandContext(t.Context(), script, "-qec", self+" shell", filepath.Join(home, "typescript"))
	cmd.Env = []string{
		childMode + "=fakecloud", "HOME=" + home, "XDG_RUNTIME_DIR=" + runtime, "SHELL=" + bash, "PATH=" + os.Getenv("PATH"), "TERM=dumb",
		"TMPDIR=" + t.TempDir(),
	}
	cmd.Stdin = strings.NewReader(lines)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit, out.String())
	left, err := filepath.Glob(filepath.Join(runtime, "fakecloud", "*"))
	require.NoError(t, err)
	assert.Empty(t, left)
	return out.String(), exit.ExitCode()
}

func TestPromptOfBashIsMarked(t *testing.T) {
	t.Parallel()
	seen, code := atTerminal(t, "echo key:$EXOSCALE_API_KEY:\nexit 4\n")
	assert.Equal(t, 4, code, seen)
	assert.Contains(t, seen, "(fakecloud) mine> ")
	assert.Regexp(t, `key:EXO\w+:`, seen)
}

// TestTermEndsTheShell although a shell at a terminal ignores it.
func TestTermEndsTheShell(t *testing.T) {
	t.Parallel()
	seen, code := atTerminal(t, "kill $PPID; sleep 20; exit 4\n")
	assert.Equal(t, 128+int(syscall.SIGHUP), code, seen)
}
