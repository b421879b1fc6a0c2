package settingstest

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// CheckManuals checks the manual pages in a folder, with groff where it is
// installed, and returns their names.
func CheckManuals(tb testing.TB, dir string) (names []string) {
	tb.Helper()
	pages, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(tb, err)
	groff, notFound := exec.LookPath("groff")
	for _, page := range pages {
		names = append(names, filepath.Base(page))
		text, err := os.ReadFile(page) //nolint:gosec // of a test
		require.NoError(tb, err)
		assert.Regexp(tb, `^\.TH [A-Z\\-]+ 1 [^\n]+\n\.SH NAME\n[a-z\\-]+ \\- [^\n]+\n\.SH SYNOPSIS\n(?s:.+)\n\.SH DESCRIPTION\n`+
			`(?s:.+)\n\.SH OPTIONS\n(?s:.+)\n\.SH EXIT STATUS\n[^\n]+\n$`, string(text), page)
		if notFound == nil {
			said, err := exec.CommandContext(tb.Context(), groff, "-K", "utf8", "-T", "utf8", "-m", "an", "-ww", "-z", page).CombinedOutput() //nolint:gosec // of a test
			assert.NoError(tb, err)
			assert.Empty(tb, string(said), page)
		}
	}
	slices.Sort(names)
	return names
}
