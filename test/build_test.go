package test_test

import (
	"archive/tar"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/semver"

	"github.com/exopool/exopool/internal/scripttest"
)

// A folder is a copy of what building needs of the module.
type folder struct{ dir string }

func newFolder(t *testing.T) folder {
	t.Helper()
	f := folder{t.TempDir()}
	for _, name := range []string{"source.tar", "files/build-here.sh"} {
		path := filepath.Join(f.dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
		require.NoError(t, os.WriteFile(path, read(t, filepath.Join("../terraform", name)), 0o600))
	}
	return f
}

// build builds as Terraform does, with these programs alone in the PATH, and
// returns what it says and which programs it made.
func (f folder) build(t *testing.T, path string) (said string, programs []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "files/build-here.sh", ".build/exopool")
	cmd.Dir = f.dir
	cmd.Env = append(os.Environ(), "PATH="+path, "GOFLAGS=-mod=vendor", "GOOS=plan9")
	output, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", output)
	entries, err := os.ReadDir(filepath.Join(f.dir, ".build"))
	require.NoError(t, err)
	require.Len(t, entries, 1, "the source is removed")
	for _, program := range find(t, filepath.Join(f.dir, ".build/exopool"), "*")[1:] {
		programs = append(programs, filepath.Base(program))
	}
	return string(output), programs
}

// pathOf returns a PATH with these programs of the host.
func pathOf(t *testing.T, programs ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range programs {
		path, err := exec.LookPath(name)
		require.NoError(t, err)
		require.NoError(t, os.Symlink(path, filepath.Join(dir, name)))
	}
	return dir
}

func TestShellcheckFindsNothingInTheScriptsOfDeployments(t *testing.T) {
	t.Parallel()
	scripts := append(find(t, "../terraform/files/deployment", "*.sh"), "../terraform/files/build-here.sh")
	require.Len(t, scripts, 3)
	checked(t, "shellcheck", scripts...)
}

func TestProgramsAreBuiltWhereTerraformRunsIfThereIsGo(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	said, programs := f.build(t, os.Getenv("PATH"))
	assert.Equal(t, []string{"autoscaler", "discovery"}, programs)
	assert.Contains(t, said, "built the programs here, with go1.")
	program := filepath.Join(f.dir, ".build/exopool/autoscaler")
	usage, _ := exec.CommandContext(t.Context(), program, "-h").CombinedOutput()
	assert.Contains(t, string(usage), "Usage", "it is for Linux, whatever the environment says")

	// What an earlier run left is of another source, maybe.
	said, programs = f.build(t, pathOf(t, "rm", "mkdir"))
	assert.Empty(t, programs)
	assert.Contains(t, said, "no Go here: the monitoring machine builds the programs")
	assert.NotRegexp(t, "(?i)error|not found|fail", said)

	broken := pathOf(t, "rm", "mkdir", "tar")
	scripttest.Write(t, filepath.Join(broken, "go"), "#!/bin/sh\necho 'no route to proxy.golang.org' >&2\nexit 1\n")
	said, programs = f.build(t, broken)
	assert.Empty(t, programs)
	assert.Contains(t, said, "no route to proxy.golang.org")
	assert.Contains(t, said, "the monitoring machine builds them")
}

// toolchain returns the version of the module golang.org/toolchain that the
// monitoring machine downloads, and the checksum of its archive.
func toolchain(t *testing.T) (version, sum string) {
	t.Helper()
	_, err := fmt.Sscan(string(read(t, "../terraform/files/deployment/toolchain")), &version, &sum)
	require.NoError(t, err)
	return version, sum
}

func TestToolchainOfTheMachineIsNewEnough(t *testing.T) {
	t.Parallel()
	version, sum := toolchain(t)
	parts := regexp.MustCompile(`^v0\.0\.1-go(1\.[0-9]+\.[0-9]+)\.linux-amd64$`).FindStringSubmatch(version)
	require.NotNil(t, parts, version)
	assert.Regexp(t, "^[0-9a-f]{64}$", sum)

	archive, err := os.Open("../terraform/source.tar")
	require.NoError(t, err)
	defer archive.Close()
	reader := tar.NewReader(archive)
	for {
		header, err := reader.Next()
		require.NoError(t, err, "the archive has a go.mod")
		if header.Name == "go.mod" {
			break
		}
	}
	text, err := io.ReadAll(reader)
	require.NoError(t, err)
	needed := regexp.MustCompile(`(?m)^go (\S+)$`).FindSubmatch(text)
	require.NotNil(t, needed)
	assert.GreaterOrEqual(t, semver.Compare("v"+parts[1], "v"+string(needed[1])), 0, "%s for go %s", parts[1], needed[1])
}

// buildOnMachine runs what the monitoring machine runs, with this curl, and
// returns what it says.
func buildOnMachine(t *testing.T, curl string) (said string, err error) {
	t.Helper()
	dir, commands := t.TempDir(), t.TempDir()
	for _, name := range []string{"build.sh", "toolchain"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), read(t, filepath.Join("../terraform/files/deployment", name)), 0o600))
	}
	require.NoError(t, os.Mkdir(filepath.Join(dir, "programs"), 0o750))
	scripttest.Write(t, filepath.Join(commands, "curl"), "#!/bin/sh\n"+curl+"\n")
	cmd := exec.CommandContext(t.Context(), "sh", filepath.Join(dir, "build.sh"), "../terraform/source.tar", filepath.Join(dir, "programs"))
	cmd.Env = append(os.Environ(), "PATH="+commands+":"+os.Getenv("PATH"), "LC_ALL=C")
	output, err := cmd.CombinedOutput()
	left := find(t, dir, "build-*")
	assert.Empty(t, left, "it leaves nothing")
	return string(output), err
}

func TestMachineBuildsWithNothingButThePinnedToolchain(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/etc/ssl/certs/ca-certificates.crt"); err != nil {
		t.Skipf("build.sh waits for what Debian has: %v", err)
	}
	const save = `while [ "$1" != -o ]; do shift; done; `
	said, err := buildOnMachine(t, save+`echo "something else" >"$2"`)
	require.Error(t, err)
	assert.Contains(t, said, "did NOT match")
	said, err = buildOnMachine(t, "echo 'curl: (6) Could not resolve host' >&2; exit 6")
	require.Error(t, err)
	assert.Contains(t, said, "Could not resolve host")
}
