package monitoring_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	// monitoringFiles is the root of the monitoring machine.
	monitoringFiles = "../../terraform/files/monitoring"
	prometheusFiles = monitoringFiles + "/etc/exopool"
	grafanaFiles    = monitoringFiles + "/etc/grafana"
)

// tool returns the path of a program, and skips the test where it is missing.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed (Debian package: prometheus)", name)
	}
	return path
}

// promtool runs promtool, which must be content.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	said, err := exec.CommandContext(t.Context(), tool(t, "promtool"), args...).CombinedOutput()
	require.NoError(t, err, "promtool %s:\n%s", strings.Join(args, " "), said)
}

// find returns the paths of all files below root with a name that matches, in
// order.
func find(t *testing.T, root, pattern string) []string {
	t.Helper()
	var found []string
	require.NoError(t, filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
		if match, _ := filepath.Match(pattern, filepath.Base(path)); match { // only a bad pattern is an error
			found = append(found, path)
		}
		return err
	}))
	require.NotEmpty(t, found)
	return found
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return content
}
