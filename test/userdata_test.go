package test_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// A cloudConfig is the part of a cloud-config document that the module uses.
type cloudConfig struct {
	Files []struct {
		Path        string
		Permissions string
		Content     string
	} `yaml:"write_files"`
	Commands []string `yaml:"runcmd"`
}

// judgeUserData gives user-data, and each file in it, to the tools that know
// what a machine will make of it.
func judgeUserData(t *testing.T, text []byte) {
	t.Helper()
	var config cloudConfig
	require.True(t, bytes.HasPrefix(text, []byte("#cloud-config\n")), "cloud-init reads the format in the first line")
	require.NoError(t, yaml.Unmarshal(text, &config))
	root := t.TempDir()
	for _, file := range config.Files {
		path := filepath.Join(root, file.Path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
		require.NoError(t, os.WriteFile(path, []byte(file.Content), 0o600))
	}

	t.Run("cloud-init accepts it", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "user-data")
		require.NoError(t, os.WriteFile(path, text, 0o600))
		checked(t, "cloud-init", "schema", "--config-file", path)
	})
	t.Run("shellcheck finds nothing in its scripts", func(t *testing.T) {
		scripts := find(t, root, "*.sh")
		require.NotEmpty(t, scripts)
		commands := filepath.Join(t.TempDir(), "runcmd.sh")
		require.NoError(t, os.WriteFile(commands, []byte("#!/bin/sh\n"+strings.Join(config.Commands, "\n")+"\n"), 0o600))
		checked(t, "shellcheck", append(scripts, commands)...)
	})
	t.Run("Python compiles its programs", func(t *testing.T) {
		for _, path := range find(t, root, "*.py") {
			checked(t, "python3", "-I", "-W", "error", "-m", "py_compile", path)
		}
	})
	t.Run("its commands name files that are there", func(t *testing.T) {
		for _, path := range regexp.MustCompile(`/usr/local/lib/\S+`).FindAllString(strings.Join(config.Commands, " "), -1) {
			assert.FileExists(t, filepath.Join(root, path))
		}
	})
	t.Run("systemd understands its units", func(t *testing.T) { judgeUnits(t, root) })
	t.Run("its programs listen on the machine itself only", func(t *testing.T) {
		for _, name := range []string{"autoscaler.service", "discovery.service"} {
			for _, path := range find(t, root, name) {
				assert.Regexp(t, `(?m)^Environment=(LISTEN_ADDRESS=127\.0\.0\.1|DISCOVERY_LISTEN=127\.0\.0\.1:8091)( |$)`, string(read(t, path)))
			}
		}
	})
	t.Run("promtool accepts its Prometheus configuration", func(t *testing.T) {
		for _, path := range find(t, root, "prometheus.yml") {
			checked(t, "promtool", "check", "config", path)
		}
	})
	t.Run("its YAML and JSON can be read", func(t *testing.T) {
		for _, path := range append(find(t, root, "*.yaml"), find(t, root, "*.yml")...) {
			var document any
			assert.NoError(t, yaml.Unmarshal(read(t, path), &document), path)
		}
		for _, path := range find(t, root, "*.json") {
			assert.True(t, json.Valid(read(t, path)), path)
		}
	})
	t.Run("only root reads its secrets", func(t *testing.T) {
		for _, file := range config.Files {
			if strings.Contains(file.Content, "secret-of-") || strings.Contains(file.Content, "PASSWORD=x") {
				assert.Equal(t, "0600", file.Permissions, file.Path)
			}
		}
	})
}

// judgeUnits lets systemd load the units, with a program that is there in
// place of theirs. Settings for units of packages are loaded with a unit of
// that name that does nothing.
func judgeUnits(t *testing.T, root string) {
	t.Helper()
	dir := filepath.Join(root, "etc/systemd/system")
	units := append(find(t, dir, "*.service"), find(t, dir, "*.socket")...)
	require.NotEmpty(t, units)
	for _, path := range find(t, dir, "*.service.d") {
		unit := strings.TrimSuffix(path, ".d")
		require.NoError(t, os.WriteFile(unit, []byte("[Service]\nExecStart=/bin/true\n"), 0o600))
		units = append(units, unit)
	}
	program := regexp.MustCompile(`(?m)^(Exec\w+=)\S+`)
	for _, path := range append(find(t, dir, "*.service"), find(t, dir, "*.conf")...) {
		require.NoError(t, os.WriteFile(path, program.ReplaceAll(read(t, path), []byte("${1}/bin/true")), 0o600))
	}
	said := checked(t, "systemd-analyze", append([]string{"verify", "--man=no"}, units...)...)
	for line := range strings.Lines(said) {
		// It also names units of this host.
		assert.NotContains(t, line, root, "systemd has doubts")
	}
}

// checked runs a tool that must be content and returns what it said. The test
// is skipped where the tool is missing.
func checked(t *testing.T, tool string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(tool)
	if err != nil {
		t.Skipf("%s is not installed (Debian packages: cloud-init, python3, shellcheck, systemd, prometheus)", tool)
	}
	said, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput()
	require.NoError(t, err, "%s %s:\n%s", tool, strings.Join(args, " "), said)
	return string(said)
}

// find returns the paths of all files and folders below root with a name that
// matches, in order.
func find(t *testing.T, root, pattern string) []string {
	t.Helper()
	var found []string
	require.NoError(t, filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
		if match, _ := filepath.Match(pattern, filepath.Base(path)); match { // only a bad pattern is an error
			found = append(found, path)
		}
		return err
	}))
	return found
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return content
}
