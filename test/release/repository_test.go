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

// TestNotesAreAsWritten, also where a shell's echo would obey them.
func TestNotesAreAsWritten(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile(filepath.Join(root, "packaging", "notes"))
	require.NoError(t, err)
	dir := t.TempDir()
	const section = "- `printf 'a\\nb\\c'` and\n- more\n"
	require.NoError(t, os.Mkdir(filepath.Join(dir, "packaging"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "packaging", "notes"), script, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "CHANGELOG.md"), []byte("## 1.0.0 - 2027-01-01\n\n"+section+"\n## 0.1.0\n"), 0o600))
	said, err := exec.CommandContext(t.Context(), "sh", filepath.Join(dir, "packaging", "notes"), "1.0.0").Output()
	require.NoError(t, err)
	assert.Equal(t, "\n"+section, string(said))
}
