package release_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const root = "../.."

// enable is the variable that switches on what builds releases: "linux" builds them
// for Linux, "all" for every system.
const enable = "EXOPOOL_RELEASE"

// A repository is a copy of this one, as it is now, in which tags can be made.
type repository struct {
	dir   string
	files []string
}

// newRepository skips the test where releases are not asked for, or cannot be made.
func newRepository(t *testing.T) repository {
	t.Helper()
	if os.Getenv(enable) == "" {
		t.Skipf("builds releases: set %s=linux, or =all for every system", enable)
	}
	files, err := exec.CommandContext(t.Context(), "git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		t.Skipf("a release is made of what Git keeps: git ls-files: %v", err)
	}
	r := repository{dir: t.TempDir()}
	for name := range strings.SplitSeq(strings.TrimRight(string(files), "\x00"), "\x00") {
		if r.copy(t, name) {
			r.files = append(r.files, name)
		}
	}
	r.git(t, "init", "--quiet")
	r.git(t, "add", "--all")
	r.git(t, "remote", "add", "origin", "https://github.com/exopool/exopool.git")
	return r
}

// copy reports whether there is such a file.
func (r repository) copy(t *testing.T, name string) bool {
	t.Helper()
	from, to := filepath.Join(root, name), filepath.Join(r.dir, name)
	info, err := os.Lstat(from)
	if os.IsNotExist(err) { // removed, and not committed yet
		return false
	}
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Dir(to), 0o750))
	if info.Mode()&os.ModeSymlink != 0 {
		target, err := os.Readlink(from)
		require.NoError(t, err)
		require.NoError(t, os.Symlink(target, to))
		return true
	}
	content, err := os.ReadFile(from)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(to, content, info.Mode().Perm()))
	return true
}

func (r repository) git(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = r.dir
	const date = "2026-12-01T12:00:00Z"
	cmd.Env = append(os.Environ(), "GIT_AUTHOR_DATE="+date, "GIT_COMMITTER_DATE="+date, "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_AUTHOR_NAME=exopool", "GIT_AUTHOR_EMAIL=exopool@example.com", "GIT_COMMITTER_NAME=exopool", "GIT_COMMITTER_EMAIL=exopool@example.com")
	output, err := cmd.CombinedOutput()
	require.NoError(t, err, "git %s: %s", strings.Join(args, " "), output)
}

// A narrowing leaves out of a release what a test does not need; the zero value leaves
// out nothing but what is published.
type narrowing struct {
	targets  []string // such as linux_amd64
	programs []string // of one package, which is made for Debian alone, and nothing else
}

// asAsked is what the variable asks for.
func asAsked() narrowing {
	if os.Getenv(enable) == "all" {
		return narrowing{}
	}
	return narrowing{targets: []string{"linux_amd64", "linux_arm64"}}
}

// release tags a version and makes its release. It returns the folder with the result.
func (r repository) release(t *testing.T, version string, n narrowing) string {
	t.Helper()
	r.git(t, "commit", "--quiet", "--allow-empty", "--message", version)
	r.git(t, "tag", version)
	config := filepath.Join(t.TempDir(), "goreleaser.yaml")
	require.NoError(t, os.WriteFile(config, n.apply(t, r.read(t, ".goreleaser.yaml")), 0o600))
	skipped := "announce,publish"
	if n.programs != nil {
		skipped += ",archive,sbom,homebrew"
	}
	cmd := exec.CommandContext(t.Context(), "go", "tool", "-modfile=tools/goreleaser/go.mod", "goreleaser",
		"release", "--clean", "--parallelism=1", "--skip="+skipped, "--config", config)
	cmd.Dir = r.dir
	cmd.Env = slices.DeleteFunc(os.Environ(), func(entry string) bool { return strings.HasPrefix(entry, "GITHUB_TOKEN=") })
	output, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", output)
	// The next release would overwrite it.
	dist := filepath.Join(t.TempDir(), version)
	require.NoError(t, os.Rename(filepath.Join(r.dir, "dist"), dist))
	return dist
}

func (r repository) read(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(r.dir, name))
	require.NoError(t, err)
	return content
}

// apply returns the configuration without what is left out.
func (n narrowing) apply(t *testing.T, text []byte) []byte {
	t.Helper()
	var config map[string]any
	require.NoError(t, yaml.Unmarshal(text, &config))
	if n.programs != nil {
		config["builds"] = kept(config["builds"], func(build map[string]any) bool {
			return slices.Contains(n.programs, build["id"].(string))
		})
		config["nfpms"] = kept(config["nfpms"], func(made map[string]any) bool {
			made["formats"] = []string{"deb"}
			return slices.Contains(made["ids"].([]any), any(n.programs[0]))
		})
	}
	if n.targets != nil {
		kept(config["builds"], func(build map[string]any) bool {
			for _, key := range []string{"goos", "goarch", "ignore"} {
				delete(build, key)
			}
			build["targets"] = n.targets
			return true
		})
	}
	narrowed, err := yaml.Marshal(config)
	require.NoError(t, err)
	return narrowed
}

// kept returns the entries of a list for which keep, which may change them, returns
// true.
func kept(list any, keep func(map[string]any) bool) []any {
	var entries []any
	for _, entry := range list.([]any) {
		if keep(entry.(map[string]any)) {
			entries = append(entries, entry)
		}
	}
	return entries
}
