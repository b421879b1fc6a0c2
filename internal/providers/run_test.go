package providers_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/providers"
)

// A workspace is a copy of testdata/keys that Terraform has been run in.
type workspace struct {
	dir     string
	program string
	mirror  providers.Mirror
}

// newWorkspace installs the providers, or skips where there is no Terraform.
func newWorkspace(t *testing.T) workspace {
	t.Helper()
	program, err := providers.Terraform(t.Context())
	if errors.Is(err, providers.ErrNoTerraform) {
		t.Skip(err)
	}
	require.NoError(t, err)
	w := workspace{dir: filepath.Join(t.TempDir(), "keys"), program: program, mirror: install(t, providers.Config{})}
	require.NoError(t, providers.CopyModule(w.dir, "testdata/keys"))
	return w
}

// install logs to standard error, so that the first build is seen at work.
func install(t *testing.T, cfg providers.Config) providers.Mirror {
	t.Helper()
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	m, err := providers.Install(t.Context(), cfg)
	require.NoError(t, err)
	return m
}

// run runs Terraform without the settings of the user.
func (w workspace) run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), w.program, args...)
	cmd.Dir = w.dir
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "TF_") {
			cmd.Env = append(cmd.Env, variable)
		}
	}
	for name, value := range w.mirror.Environment() {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	output, err := cmd.CombinedOutput()
	return string(output), err
}

func (w workspace) must(t *testing.T, args ...string) string {
	t.Helper()
	output, err := w.run(t, args...)
	require.NoErrorf(t, err, "%s %s\n%s", w.program, strings.Join(args, " "), output)
	return output
}

// read runs a command that prints JSON.
func (w workspace) read(t *testing.T, into any, args ...string) {
	t.Helper()
	output := w.must(t, args...)
	require.NoError(t, json.Unmarshal([]byte(output), into), output)
}

// A trigger is pulled by a word in the log.
type trigger struct {
	word string
	pull func()
}

func (t trigger) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte(t.word)) {
		t.pull()
	}
	return len(line), nil
}
