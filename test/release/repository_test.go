package release_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestSettingsFileNamesSettings: the file that packages install has no variable that
// the programs do not know.
func TestSettingsFileNamesSettings(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile(filepath.Join(root, "packaging", "exopool.env"))
	require.NoError(t, err)
	page, err := os.ReadFile(filepath.Join(root, "docs", "configuration.md"))
	require.NoError(t, err)
	names := regexp.MustCompile(`(?m)^#?([A-Z_]+)=`).FindAllSubmatch(file, -1)
	require.Greater(t, len(names), 4)
	for _, name := range names {
		assert.Contains(t, string(page), "`"+string(name[1])+"`")
	}
}

// TestChangelogIsTheNotesOfARelease: a version without a section gets no release.
func TestChangelogIsTheNotesOfARelease(t *testing.T) {
	t.Parallel()
	notes := func(version string) (string, error) {
		said, err := exec.CommandContext(t.Context(), "sh", filepath.Join(root, "packaging", "notes"), version).Output()
		return string(said), err
	}
	said, err := notes("0.1.0")
	require.NoError(t, err)
	assert.Contains(t, said, "### Added")
	assert.NotRegexp(t, "(?m)^## ", said, "one section")
	_, err = notes("9.9.9")
	require.Error(t, err)
}
