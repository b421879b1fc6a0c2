package release_test

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// A sourceFile is a file of a module.
type sourceFile struct{ dir, name string }

func (f sourceFile) Path() string                 { return f.name }
func (f sourceFile) Lstat() (os.FileInfo, error)  { return os.Lstat(filepath.Join(f.dir, f.name)) }
func (f sourceFile) Open() (io.ReadCloser, error) { return os.Open(filepath.Join(f.dir, f.name)) }

// proxy returns a folder that serves a version of the module, as the module proxy
// would make it of the tag.
func (r repository) proxy(t *testing.T, version string) string {
	t.Helper()
	m := module.Version{Path: "github.com/exopool/exopool", Version: version}
	dir := t.TempDir()
	versions := filepath.Join(dir, m.Path, "@v")
	require.NoError(t, os.MkdirAll(versions, 0o750))
	var files []zip.File
	for _, name := range r.files {
		if !r.ofAnotherModule(name) {
			files = append(files, sourceFile{r.dir, name})
		}
	}
	archive, err := os.Create(filepath.Join(versions, version+".zip"))
	require.NoError(t, err)
	defer archive.Close()
	require.NoError(t, zip.Create(archive, m, files), "the module proxy takes the module")
	goMod, err := os.ReadFile(filepath.Join(r.dir, "go.mod"))
	require.NoError(t, err)
	info, err := json.Marshal(map[string]any{"Version": version, "Time": time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)})
	require.NoError(t, err)
	for name, content := range map[string][]byte{"list": []byte(version + "\n"), version + ".mod": goMod, version + ".info": info} {
		require.NoError(t, os.WriteFile(filepath.Join(versions, name), content, 0o600))
	}
	return dir
}

// ofAnotherModule reports whether a file is of a module within the repository.
func (r repository) ofAnotherModule(name string) bool {
	for folder := path.Dir(name); folder != "."; folder = path.Dir(folder) {
		if _, err := os.Stat(filepath.Join(r.dir, folder, "go.mod")); err == nil {
			return true
		}
	}
	return false
}

// TestGoInstallsPrograms: "go install" needs no more than the tag. Go refuses modules
// that replace others, for one.
func TestGoInstallsPrograms(t *testing.T) {
	r := newRepository(t)
	cache, err := exec.CommandContext(t.Context(), "go", "env", "GOMODCACHE").Output()
	require.NoError(t, err)
	bin := t.TempDir()
	install := exec.CommandContext(t.Context(), "go", "install", "github.com/exopool/exopool/cmd/fakecloud@latest")
	install.Dir = t.TempDir()
	// Modules that are here already, and those that are not from the host's proxy. A
	// cache of its own, so that this version is not taken for a published one.
	proxies := []string{"file://" + r.proxy(t, "v0.1.0"), "file://" + filepath.Join(strings.TrimSpace(string(cache)), "cache", "download")}
	if host, err := exec.CommandContext(t.Context(), "go", "env", "GOPROXY").Output(); err == nil {
		proxies = append(proxies, strings.TrimSpace(string(host)))
	}
	install.Env = append(os.Environ(), "GOPROXY="+strings.Join(proxies, ","), "GONOSUMDB=github.com/exopool/exopool", "GOBIN="+bin,
		"GOMODCACHE="+filepath.Join(t.TempDir(), "mod"), "GOFLAGS=-modcacherw -trimpath", "GOWORK=off", "CGO_ENABLED=0")
	said, err := install.CombinedOutput()
	require.NoError(t, err, "%s", said)
	version, err := exec.CommandContext(t.Context(), filepath.Join(bin, "fakecloud"), "-version").CombinedOutput()
	require.NoError(t, err)
	assert.Regexp(t, `^fakecloud v0\.1\.0 go1\.`, string(version))
}
