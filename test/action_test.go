package test_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const action = "../.github/actions/fakecloud"

// The action leads the steps after it to a cloud that answers, as a runner would
// see it.
func TestActionLeadsLaterStepsToTheCloud(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("the action is a script for bash: ", err)
	}
	runner := newRunner(t)
	said, err := runner.start("-instant")
	require.NoError(t, err, said)
	assert.Contains(t, said, "fakecloud answers on http://127.0.0.1:")

	env := runner.lines("env")
	assert.Contains(t, runner.lines("output"), "endpoint="+assigned(env, "EXOSCALE_API_ENDPOINT"))
	path := runner.lines("path")
	require.Len(t, path, 1)
	step := exec.CommandContext(t.Context(), filepath.Join(path[0], "fakecloud"), "calls")
	step.Env = env
	out, err := step.CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Contains(t, string(out), "0  total")
}

func TestActionSaysWhyNothingStarts(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("the action is a script for bash: ", err)
	}
	runner := newRunner(t)
	said, err := runner.start("-machines paper")
	require.Error(t, err)
	assert.Contains(t, said, "-machines")
	assert.Empty(t, runner.lines("env"), "later steps must not believe that there is a cloud")
}

// The inputs and outputs that the action declares are those that its script uses.
func TestActionIsDeclared(t *testing.T) {
	var declared struct {
		Runs struct {
			Using string
			Steps []struct {
				Run string
				Env map[string]string
			}
		}
	}
	require.NoError(t, yaml.Unmarshal(read(t, filepath.Join(action, "action.yml")), &declared))
	assert.Equal(t, "composite", declared.Runs.Using)
	require.Len(t, declared.Runs.Steps, 1)
	assert.Equal(t, `"$GITHUB_ACTION_PATH/start"`, declared.Runs.Steps[0].Run)
	assert.Equal(t, map[string]string{"FAKECLOUD_FLAGS": "${{ inputs.flags }}"}, declared.Runs.Steps[0].Env)
}

// A runner is what GitHub gives a step.
type runner struct {
	t   *testing.T
	dir string
}

func newRunner(t *testing.T) runner {
	t.Helper()
	r := runner{t, t.TempDir()}
	for _, name := range []string{"env", "output", "path"} {
		require.NoError(t, os.WriteFile(filepath.Join(r.dir, name), nil, 0o600))
	}
	return r
}

// start runs the action's script, and ends what it has started with the test.
func (r runner) start(flags string) (said string, err error) {
	r.t.Helper()
	cmd := exec.CommandContext(r.t.Context(), filepath.Join(action, "start"))
	cmd.Env = append(os.Environ(), "RUNNER_TEMP="+r.dir, "FAKECLOUD_FLAGS="+flags, "GITHUB_ENV="+filepath.Join(r.dir, "env"),
		"GITHUB_OUTPUT="+filepath.Join(r.dir, "output"), "GITHUB_PATH="+filepath.Join(r.dir, "path"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	require.NoError(r.t, cmd.Start())
	r.t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		assert.Eventually(r.t, func() bool {
			left, _ := filepath.Glob(filepath.Join(r.dir, "fakecloud", "*"))
			return len(left) == 0
		}, time.Minute, 10*time.Millisecond, "the server goes on")
	})
	err = cmd.Wait()
	return out.String(), err
}

func (r runner) lines(name string) []string {
	r.t.Helper()
	return strings.Fields(string(read(r.t, filepath.Join(r.dir, name))))
}

// assigned returns the value of a variable.
func assigned(env []string, name string) string {
	for _, assignment := range env {
		if n, v, _ := strings.Cut(assignment, "="); n == name {
			return v
		}
	}
	return "no " + strconv.Quote(name)
}
