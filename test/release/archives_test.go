package release_test

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sums returns what checksums.txt lists: sums of files, by name.
func sums(t *testing.T, dist string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dist, "checksums.txt"))
	require.NoError(t, err)
	found := map[string]string{}
	for line := range strings.Lines(string(text)) {
		sum, name, ok := strings.Cut(strings.TrimSpace(line), "  ")
		require.True(t, ok, line)
		found[name] = sum
	}
	return found
}

// checkSums: each file of the release is listed, with the sum that it has.
func checkSums(t *testing.T, dist string) {
	t.Helper()
	listed := sums(t, dist)
	for name, want := range listed {
		content, err := os.ReadFile(filepath.Join(dist, name))
		require.NoError(t, err)
		have := sha256.Sum256(content)
		assert.Equal(t, want, hex.EncodeToString(have[:]), name)
	}
	for _, name := range []string{
		"exopool_0.1.0_linux_amd64.tar.gz", "exopool_0.1.0_linux_arm64.tar.gz",
		"exopool-fakecloud_0.1.0_linux_amd64.tar.gz", "exopool-fakecloud_0.1.0_linux_arm64.tar.gz",
		"exopool_0.1.0_amd64.deb", "exopool_0.1.0_arm64.deb", "exopool-fakecloud_0.1.0_amd64.deb",
		"exopool-0.1.0-1.x86_64.rpm", "exopool-0.1.0-1.aarch64.rpm", "exopool-fakecloud-0.1.0-1.x86_64.rpm",
		"autoscaler_0.1.0_linux_amd64.cdx.json",
	} {
		assert.Contains(t, listed, name)
	}
	if os.Getenv(enable) == "all" {
		for _, name := range []string{
			"exopool_0.1.0_darwin_arm64.tar.gz", "exopool_0.1.0_darwin_amd64.tar.gz", "exopool_0.1.0_windows_amd64.zip",
			"exopool-fakecloud_0.1.0_darwin_arm64.tar.gz", "exopool-fakecloud_0.1.0_windows_amd64.zip",
		} {
			assert.Contains(t, listed, name)
		}
	}
}

// unpack returns the files of an archive by name.
func unpack(t *testing.T, archive string) map[string][]byte {
	t.Helper()
	file, err := os.Open(archive)
	require.NoError(t, err)
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	require.NoError(t, err)
	files := map[string][]byte{}
	for r := tar.NewReader(unzipped); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		require.NoError(t, err)
		require.True(t, filepath.IsLocal(header.Name), header.Name)
		assert.Zero(t, header.Uid+header.Gid, "%s is root's", header.Name)
		files[header.Name], err = io.ReadAll(r)
		require.NoError(t, err)
	}
}

// checkArchives: they hold static programs for the system in their names.
func checkArchives(t *testing.T, dist string) {
	t.Helper()
	for arch, machine := range map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64} {
		for archive, programs := range map[string][]string{
			"exopool":           {"autoscaler", "discovery", "sweep", "replay"},
			"exopool-fakecloud": {"fakecloud", "http-load-generator", "demo"},
		} {
			files := unpack(t, filepath.Join(dist, archive+"_0.1.0_linux_"+arch+".tar.gz"))
			assert.Contains(t, files, "LICENSE")
			assert.Contains(t, files, "CHANGELOG.md")
			for _, name := range programs {
				require.Contains(t, files, name)
				if name != "demo" { // shown, not installed
					assert.Contains(t, string(files["man/"+name+".1"]), ".SH NAME")
					assert.Contains(t, files, "completions/bash/"+name)
					assert.Contains(t, files, "completions/zsh/_"+name)
				}
				program, err := elf.NewFile(strings.NewReader(string(files[name])))
				require.NoError(t, err)
				assert.Equal(t, machine, program.Machine, name)
				libraries, err := program.ImportedLibraries()
				require.NoError(t, err)
				assert.Empty(t, libraries, "%s is static", name)
			}
		}
	}
}

// checkRelease: the monitoring machine's script takes the archive as release_url, and
// the program that it installs says which version it is.
func checkRelease(t *testing.T, dist string) {
	t.Helper()
	for _, tool := range []string{"sh", "curl", "sha256sum", "tar", "install"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("fetch.sh needs %s: %v", tool, err)
		}
	}
	server := httptest.NewServer(http.FileServer(http.Dir(dist)))
	defer server.Close()
	archive := "exopool_0.1.0_linux_" + runtime.GOARCH + ".tar.gz"
	folder := t.TempDir()
	output, err := exec.CommandContext(t.Context(), "sh", filepath.Join(root, "terraform/files/monitoring/usr/local/lib/exopool/fetch.sh"),
		server.URL+"/"+archive, sums(t, dist)[archive], folder).CombinedOutput()
	require.NoError(t, err, "%s", output)
	for _, name := range []string{"autoscaler", "discovery"} {
		output, err := exec.CommandContext(t.Context(), filepath.Join(folder, name), "-version").CombinedOutput()
		require.NoError(t, err, "%s", output)
		assert.Regexp(t, "^"+name+" v0\\.1\\.0 \\([0-9a-f]+ 2026-12-01T12:00:00Z\\) go1\\.", string(output))
	}
}

// checkBills: the bill of materials of a program names the modules it is made of.
func checkBills(t *testing.T, dist string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dist, "autoscaler_0.1.0_linux_amd64.cdx.json"))
	require.NoError(t, err)
	var bill struct {
		Metadata   struct{ Component struct{ Version string } }
		Components []struct{ Name string }
	}
	require.NoError(t, json.Unmarshal(content, &bill))
	assert.Equal(t, "v0.1.0", bill.Metadata.Component.Version)
	var names []string
	for _, component := range bill.Components {
		names = append(names, component.Name)
	}
	assert.Contains(t, names, "github.com/exoscale/egoscale")
}

// checkCask: Homebrew gets the archives with their sums.
func checkCask(t *testing.T, dist string) {
	t.Helper()
	for _, name := range []string{"exopool", "exopool-fakecloud"} {
		cask, err := os.ReadFile(filepath.Join(dist, "homebrew", "Casks", name+".rb"))
		require.NoError(t, err)
		for _, arch := range []string{"amd64", "arm64"} {
			assert.Contains(t, string(cask), `sha256 "`+sums(t, dist)[name+"_0.1.0_linux_"+arch+".tar.gz"]+`"`)
		}
	}
}
