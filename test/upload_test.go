package test_test

import (
	"cmp"
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

// firstScript returns the script that an upload runs on the monitoring machine
// before the files come.
func firstScript(t *testing.T) string {
	t.Helper()
	block := regexp.MustCompile(`(?s)inline = \[\n(.*?)\n    \]`).FindSubmatch(read(t, "../terraform/deploy.tf"))
	require.NotNil(t, block)
	script := "#!/bin/sh\n"
	for line := range strings.Lines(string(block[1])) {
		text, err := strconv.Unquote(strings.TrimSuffix(strings.TrimSpace(line), ","))
		require.NoError(t, err, line)
		script += text + "\n"
	}
	return script
}

// leftovers is what an upload leaves that was interrupted at the worst moment.
var leftovers = []string{
	"deployment/secret/exoscale-secret", "deployment/rules/of-another-version.yml", "deployment/programs/autoscaler", "deployment-123456.sh",
}

// run runs a script in a home directory with leftovers, with these commands
// in place of the machine's.
func (m home) run(t *testing.T, script string, commands map[string]string) error {
	t.Helper()
	said, err := m.output(t, script, commands)
	t.Log(said)
	return err
}

// output does the same and returns what the script says.
func (m home) output(t *testing.T, script string, commands map[string]string) (said string, err error) {
	t.Helper()
	bin := t.TempDir()
	for name, text := range commands {
		scripttest.Write(t, filepath.Join(bin, name), "#!/bin/sh\n"+text+"\n")
	}
	path := filepath.Join(m.dir, "deployment-42.sh") // as Terraform calls it
	require.NoError(t, os.WriteFile(path, []byte(script), 0o600))
	cmd := exec.CommandContext(t.Context(), "sh", path, "hash-of-the-source", "http://203.0.113.8/health")
	cmd.Dir, cmd.Env = m.dir, []string{"PATH=" + bin + ":" + os.Getenv("PATH")}
	output, err := cmd.CombinedOutput() // ends when all that it started has ended
	return string(output), err
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
	m := interruptedHome(t)
	require.NoError(t, m.run(t, firstScript(t), nil))
	assert.Equal(t, []string{"kept"}, m.files(t))
	info, err := os.Stat(filepath.Join(m.dir, "deployment", "secret"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o700), info.Mode().Perm())
}

// TestInstallationOfAnUpload runs what an upload ends with, with commands that
// do nothing in place of the machine's.
func TestInstallationOfAnUpload(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		programs           bool   // were uploaded
		build              string // what the machine does to build them
		cloudInit, sudo    string
		fails              bool
		contains, excludes []string
	}{
		"with programs":                 {programs: true, contains: []string{"installs programs"}, excludes: []string{"building"}},
		"without":                       {build: "touch deployment/programs/discovery", contains: []string{"building them", "installs programs"}},
		"with warnings of cloud-init":   {programs: true, cloudInit: "exit 2"},
		"after a first boot that fails": {programs: true, cloudInit: "exit 1", fails: true, excludes: []string{"installs programs"}},
		"that is not possible":          {programs: true, sudo: "exit 1", fails: true},
		"of programs that are not built": {
			build: "echo the cause; exit 1", fails: true, contains: []string{"the cause", "could not be built"}, excludes: []string{"installs programs"},
		},
		"of programs that take too long": {build: "exit 124", fails: true, contains: []string{"longer than 15 minutes"}},
		// The build must not outlive a failure, or it would fill the disk.
		"after a first boot that fails during the build": {
			build: "sleep 600", cloudInit: "exit 1", fails: true, excludes: []string{"could not be built"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := interruptedHome(t)
			require.NoError(t, os.Remove(filepath.Join(m.dir, "deployment/programs/autoscaler")))
			if test.programs {
				require.NoError(t, os.WriteFile(filepath.Join(m.dir, "deployment/programs/discovery"), nil, 0o600))
			}
			require.NoError(t, os.WriteFile(filepath.Join(m.dir, "deployment/build.sh"), []byte(test.build+"\n"), 0o600))
			script := string(read(t, "../terraform/files/deployment/install.sh"))
			said, err := m.output(t, script, map[string]string{
				"cloud-init": cmp.Or(test.cloudInit, "exit 0"),
				"sudo":       cmp.Or(test.sudo, `case $* in *programs*) echo "installs programs" ;; esac`),
			})
			assert.Equal(t, test.fails, err != nil, said)
			for _, text := range test.contains {
				assert.Contains(t, said, text)
			}
			for _, text := range test.excludes {
				assert.NotContains(t, said, text)
			}
			assert.Equal(t, []string{"deployment-123456.sh", "deployment-42.sh", "kept"}, m.files(t), "no secret is left")
		})
	}
}
