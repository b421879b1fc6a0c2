package test_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fetchScript is what the monitoring machine runs to get a release.
const fetchScript = "../terraform/files/monitoring/usr/local/lib/exopool/fetch.sh"

func TestReleaseIsInstalledOnlyIfItIsTheOneAskedFor(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"sh", "curl", "sha256sum", "tar", "install"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("fetch.sh needs %s: %v", tool, err)
		}
	}
	archive := release(t, "autoscaler", "discovery")
	incomplete := release(t, "autoscaler")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/incomplete") {
			_, _ = w.Write(incomplete)
			return
		}
		_, _ = w.Write(archive)
	}))
	t.Cleanup(server.Close) // after the parallel tests below

	for name, test := range map[string]struct {
		path, sum string
		refusal   string // empty when it is installed
	}{
		"the one asked for":     {"/release.tar.gz", checksum(archive), ""},
		"another one":           {"/release.tar.gz", checksum([]byte("another one")), "did NOT match"},
		"one without a program": {"/incomplete.tar.gz", checksum(incomplete), "discovery: Not found in archive"},
		"a broken checksum":     {"/release.tar.gz", "abc", "no properly formatted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			cmd := exec.CommandContext(t.Context(), "sh", fetchScript, server.URL+test.path, test.sum, folder)
			cmd.Env = append(os.Environ(), "LC_ALL=C")
			said, err := cmd.CombinedOutput()
			if test.refusal != "" {
				require.Error(t, err)
				assert.Contains(t, string(said), test.refusal)
				found, err := os.ReadDir(folder)
				require.NoError(t, err)
				assert.Empty(t, found)
				return
			}
			require.NoError(t, err, "%s", said)
			for _, program := range []string{"autoscaler", "discovery"} {
				info, err := os.Stat(filepath.Join(folder, program))
				require.NoError(t, err)
				assert.Equal(t, os.FileMode(0o755), info.Mode())
			}
		})
	}
}

// release packs files with their own names as content.
func release(t *testing.T, names ...string) []byte {
	t.Helper()
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	archive := tar.NewWriter(zipped)
	for _, name := range names {
		require.NoError(t, archive.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(name))}))
		_, err := archive.Write([]byte(name))
		require.NoError(t, err)
	}
	require.NoError(t, archive.Close())
	require.NoError(t, zipped.Close())
	return packed.Bytes()
}

func checksum(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
