package test_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/scripttest"
)

// uploadScripts returns the scripts that an upload runs on the monitoring
// machine, before the files come and after.
func uploadScripts(t *testing.T) (before, after string) {
	t.Helper()
	var scripts []string
	for _, block := range regexp.MustCompile(`(?s)inline = \[\n(.*?)\n    \]`).FindAllStringSubmatch(string(read(t, "../terraform/deploy.tf")), -1) {
		var lines []string
		for line := range strings.Lines(block[1]) {
			if line = strings.TrimSuffix(strings.TrimSpace(line), ","); strings.HasPrefix(line, `"`) {
				text, err := strconv.Unquote(line)
				require.NoError(t, err, line)
				lines = append(lines, text)
			}
		}
		scripts = append(scripts, "#!/bin/sh\n"+strings.Join(lines, "\n")+"\n")
	}
	require.Len(t, scripts, 2)
	return scripts[0], scripts[1]
}

// leftovers is what an upload leaves that was interrupted at the worst moment.
var leftovers = []string{
	"deployment/secret/exoscale-secret", "deployment/rules/of-another-version.yml", "deployment/programs/autoscaler", "deployment-123456.sh",
}

// run runs a script in a home directory with leftovers, with these commands
// in place of the machine's.
func (m home) run(t *testing.T, script string, commands map[string]string) error {
	t.Helper()
	bin := t.TempDir()
	for name, text := range commands {
		scripttest.Write(t, filepath.Join(bin, name), "#!/bin/sh\n"+text+"\n")
	}
	path := filepath.Join(m.dir, "deployment-42.sh") // as Terraform calls it
	require.NoError(t, os.WriteFile(path, []byte(script), 0o600))
	cmd := exec.CommandContext(t.Context(), "sh", path)
	cmd.Dir, cmd.Env = m.dir, []string{"PATH=" + bin + ":" + os.Getenv("PATH")}
	said, err := cmd.CombinedOutput()
	t.Logf("%s", said)
	return err
}

// A home is the directory in which uploads arrive.
type home struct{ dir string }

func interruptedHome(t *testing.T) home {
	t.Helper()
	m := home{t.TempDir()}
	for _, path := range append(leftovers, "kept") {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(m.dir, path)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(m.dir, path), []byte("secret"), 0o600))
	}
	return m
}

func (m home) files(t *testing.T) (paths []string) {
	t.Helper()
	for _, path := range find(t, m.dir, "*") {
		if info, err := os.Stat(path); assert.NoError(t, err) && !info.IsDir() {
			path, err = filepath.Rel(m.dir, path)
			require.NoError(t, err)
			paths = append(paths, path)
		}
	}
	return paths
}

func TestUploadRemovesWhatAnInterruptedOneLeft(t *testing.T) {
	t.Parallel()
	before, _ := uploadScripts(t)
	m := interruptedHome(t)
	require.NoError(t, m.run(t, before, map[string]string{"cloud-init": "exit 2"}))
	assert.Equal(t, []string{"kept"}, m.files(t))
	info, err := os.Stat(filepath.Join(m.dir, "deployment", "secret"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o700), info.Mode().Perm())
}

func TestUploadLeavesNoSecretWhetherItSucceedsOrNot(t *testing.T) {
	t.Parallel()
	_, after := uploadScripts(t)
	for name, outcome := range map[string]string{"succeeds": "exit 0", "fails": "exit 1"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := interruptedHome(t)
			err := m.run(t, after, map[string]string{"sudo": outcome})
			assert.Equal(t, outcome == "exit 1", err != nil)
			assert.Equal(t, []string{"deployment-123456.sh", "deployment-42.sh", "kept"}, m.files(t))
		})
	}
}
