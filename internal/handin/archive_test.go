package handin_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/handin"
)

const root = "../.."

// TestArchiveIsThatOfTheSource: what Terraform deploys is what the repository
// has.
func TestArchiveIsThatOfTheSource(t *testing.T) {
	t.Parallel()
	want, err := handin.Archive(t.Context(), root)
	require.NoError(t, err)
	have, err := os.ReadFile(filepath.Join(root, handin.ArchiveName))
	require.NoError(t, err)
	if bytes.Equal(have, want) {
		return
	}
	old, current := unpack(t, have), unpack(t, want)
	for name, content := range current {
		if !bytes.Equal(old[name], content) {
			t.Errorf("%s is not up to date in %s", name, handin.ArchiveName)
		}
	}
	for name := range old {
		if _, ok := current[name]; !ok {
			t.Errorf("%s is in %s although the programs do not need it", name, handin.ArchiveName)
		}
	}
	t.Errorf("%s is not what its source says: run \"make source\" and commit it", handin.ArchiveName)
}

// unpack returns the contents of the files of an archive, by name.
func unpack(t *testing.T, archive []byte) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for r := tar.NewReader(bytes.NewReader(archive)); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		require.NoError(t, err)
		require.True(t, filepath.IsLocal(header.Name), header.Name)
		files[header.Name], err = io.ReadAll(r)
		require.NoError(t, err)
	}
}

// extract writes files below a new folder.
func extract(t *testing.T, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, content, 0o644))
	}
	return dir
}

// TestArchiveBuildsWithFewModules: a host that has the archive and an empty
// module cache builds both programs, and downloads only modules that they need.
func TestArchiveBuildsWithFewModules(t *testing.T) {
	t.Parallel()
	archive, err := handin.Archive(t.Context(), root)
	require.NoError(t, err)
	dir := extract(t, unpack(t, archive))
	downloaded := buildAlone(t, dir, "./cmd/autoscaler", "./cmd/discovery")
	goMod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	require.NoError(t, err)
	assert.Len(t, downloaded, strings.Count(string(goMod), "\n\t"), "of each module of go.mod its source")
	assert.Less(t, len(downloaded), 30)
}

// buildAlone builds the packages of a module with nothing but the modules of
// this repository's cache to download, and returns which it did.
func buildAlone(t *testing.T, dir string, packages ...string) []string {
	t.Helper()
	cache, err := exec.CommandContext(t.Context(), "go", "env", "GOMODCACHE").Output()
	require.NoError(t, err)
	proxy := filepath.Join(strings.TrimSpace(string(cache)), "cache", "download")
	fresh := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", append([]string{"build", "-trimpath", "-o", t.TempDir() + "/"}, packages...)...)
	build.Dir, build.WaitDelay = dir, 5*time.Second
	build.Env = append(os.Environ(), "GOMODCACHE="+fresh, "GOPROXY=file://"+filepath.ToSlash(proxy),
		"GOFLAGS=-mod=readonly -modcacherw", "GOWORK=off", "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	var sources []string
	downloads := os.DirFS(filepath.Join(fresh, "cache", "download"))
	require.NoError(t, fs.WalkDir(downloads, ".", func(name string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(name, ".zip") {
			sources = append(sources, name)
		}
		return err
	}))
	return sources
}

// TestArchiveHoldsWhatAPackageNeeds: files for other platforms and embedded ones,
// but neither tests nor what no program imports.
func TestArchiveHoldsWhatAPackageNeeds(t *testing.T) {
	t.Parallel()
	module := map[string][]byte{
		"go.mod": []byte("module example.test/m\n\ngo 1.26.0\n"), "go.sum": nil, "LICENSE": []byte("free\n"),
		"cmd/autoscaler/main.go":   []byte("package main\n\nimport \"example.test/m/used\"\n\nfunc main() { print(used.Text) }\n"),
		"cmd/discovery/main.go":    []byte("package main\n\nfunc main() {}\n"),
		"cmd/discovery/m_test.go":  []byte("package main\n"),
		"used/used.go":             []byte("package used\n\nimport _ \"embed\"\n\n//go:embed text/*\nvar Text string\n"),
		"used/text/a.txt":          []byte("a"),
		"used/used_windows.go":     []byte("package used\n"),
		"used/used_plan9_test.go":  []byte("package used\n"),
		"used/notes.md":            []byte("x"),
		"other/other.go":           []byte("package other\n"),
		"cmd/autoscaler/ignore.go": []byte("//go:build ignore\n\npackage main\n"),
	}
	archive, err := handin.Archive(t.Context(), extract(t, module))
	require.NoError(t, err)
	var names []string
	for r := tar.NewReader(bytes.NewReader(archive)); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		names = append(names, header.Name)
		assert.Equal(t, int64(0o644), header.Mode)
		assert.Zero(t, header.ModTime.Unix())
		assert.Zero(t, header.Uid+header.Gid)
	}
	assert.Equal(t, []string{
		"LICENSE", "cmd/autoscaler/ignore.go", "cmd/autoscaler/main.go", "cmd/discovery/main.go", "go.mod", "go.sum",
		"used/text/a.txt", "used/used.go", "used/used_windows.go",
	}, names)
}

// TestReplacedModulesAreRefused: they are folders on this host.
func TestReplacedModulesAreRefused(t *testing.T) {
	t.Parallel()
	_, err := handin.Archive(t.Context(), extract(t, map[string][]byte{
		"go.mod":                 []byte("module example.test/m\n\ngo 1.26.0\n\nrequire example.test/n v0.0.0\n\nreplace example.test/n => ./n\n"),
		"cmd/autoscaler/main.go": []byte("package main\n\nimport _ \"example.test/n\"\n\nfunc main() {}\n"),
		"cmd/discovery/main.go":  []byte("package main\n\nfunc main() {}\n"),
		"n/go.mod":               []byte("module example.test/n\n"),
		"n/n.go":                 []byte("package n\n"),
	}))
	assert.ErrorContains(t, err, "example.test/n is replaced")
}

// TestWhatCannotBeListedIsSaid: the error has what the Go command prints.
func TestWhatCannotBeListedIsSaid(t *testing.T) {
	t.Parallel()
	_, err := handin.Archive(t.Context(), extract(t, map[string][]byte{"go.mod": []byte("module example.test/m\n\ngo 1.26.0\n")}))
	require.ErrorContains(t, err, "list the packages of autoscaler and discovery")
	assert.ErrorContains(t, err, "directory not found")
}
