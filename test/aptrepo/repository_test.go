package aptrepo_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/test/aptrepo"
)

// apt itself judges: it verifies the signature, finds the package, and
// downloads it, all below a folder of its own.
func TestAptTrustsTheRepositoryAndDownloadsFromIt(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"apt-get", "dpkg-deb", "gpgv"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed: needs Debian or a relative of it", tool)
		}
	}
	root := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(root, "usr/share/hello"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(root, "usr/share/hello/text"), []byte("hello"), 0o600))
	repository, err := aptrepo.New(t.Context(), t.TempDir(), aptrepo.Package{
		Name: "exopool-hello", Version: "1.2.3", Description: "A greeting", Root: root,
		Scripts: map[string]string{"postinst": "#!/bin/sh\n"},
	})
	require.NoError(t, err)
	server := httptest.NewServer(repository)
	t.Cleanup(server.Close)

	home := newAptHome(t, server.URL)
	home.run(t, "update")
	assert.Contains(t, home.run(t, "install", "--print-uris", "-y", "exopool-hello"), "exopool-hello_1.2.3_amd64.deb")
	home.run(t, "download", "exopool-hello")
	content := output(t, home.dir, "dpkg-deb", "--contents", filepath.Join(home.dir, "exopool-hello_1.2.3_amd64.deb"))
	assert.Contains(t, content, "./usr/share/hello/text")
}

// An aptHome is a place for all that apt keeps.
type aptHome struct{ dir string }

// newAptHome trusts the repository's own key and nothing else.
func newAptHome(t *testing.T, url string) aptHome {
	t.Helper()
	h := aptHome{t.TempDir()}
	for _, dir := range []string{"lists/partial", "archives/partial", "parts"} {
		require.NoError(t, os.MkdirAll(filepath.Join(h.dir, dir), 0o750))
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/gpg-full.key", http.NoBody)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	key, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	keyring := filepath.Join(h.dir, "key.asc")
	require.NoError(t, os.WriteFile(keyring, key, 0o600))
	h.write(t, "sources.list", "deb [arch=amd64 signed-by="+keyring+"] "+url+" stable main\n")
	h.write(t, "status", "")
	return h
}

func (h aptHome) write(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(h.dir, name), []byte(text), 0o600))
}

// run runs apt-get without the settings and the user of this host.
func (h aptHome) run(t *testing.T, args ...string) string {
	t.Helper()
	settings := []string{"-q"}
	for option, value := range map[string]string{
		"Dir::Etc::SourceList": filepath.Join(h.dir, "sources.list"), "Dir::Etc::SourceParts": filepath.Join(h.dir, "parts"),
		"Dir::State::Lists": filepath.Join(h.dir, "lists"), "Dir::State::Status": filepath.Join(h.dir, "status"),
		"Dir::Cache": h.dir, "Dir::Cache::Archives": filepath.Join(h.dir, "archives"),
		"APT::Architecture": "amd64", "APT::Sandbox::User": "", "Acquire::Languages": "none",
		"Acquire::http::Proxy::127.0.0.1": "DIRECT", "Debug::NoLocking": "true",
	} {
		settings = append(settings, "-o", option+"="+value)
	}
	return output(t, h.dir, "apt-get", append(settings, args...)...)
}

func output(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s %s:\n%s", name, strings.Join(args, " "), out)
	return string(out)
}
