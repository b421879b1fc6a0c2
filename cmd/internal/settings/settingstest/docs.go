package settingstest

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/settings"
)

// MatchDocs compares the settings of a program with their table in a page of
// the documentation, which stands between comments that name the program. With
// update it writes the table instead.
func MatchDocs(tb testing.TB, page, program string, set *settings.Set, update bool) {
	tb.Helper()
	content, err := os.ReadFile(page) //nolint:gosec // named by a test
	require.NoError(tb, err)
	begin, end := fmt.Sprintf("<!-- settings of %s -->\n", program), fmt.Sprintf("<!-- end of the settings of %s -->\n", program)
	before, rest, found := strings.Cut(string(content), begin)
	require.True(tb, found, "%s has no line %s", page, begin)
	documented, after, found := strings.Cut(rest, end)
	require.True(tb, found, "%s has no line %s", page, end)
	table := table(set)
	if update {
		require.NoError(tb, os.WriteFile(page, []byte(before+begin+table+end+after), 0o600))
		return
	}
	assert.Equal(tb, table, documented, "%s is not what %s declares: write it anew with go test ./cmd/%s -update", page, program, program)
}

// table returns the settings as a table in Markdown.
func table(set *settings.Set) string {
	var b strings.Builder
	b.WriteString("\n| flag | variable | default | range | meaning |\n|---|---|---|---|---|\n")
	for _, s := range set.Settings() {
		byDefault := escape(s.Default)
		if s.Required {
			byDefault = "required"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", names("-", s.Flags), names("", s.Env), byDefault, escape(s.Range), escape(s.Help))
	}
	b.WriteString("\n")
	return b.String()
}

func names(prefix string, list []string) string {
	quoted := make([]string, 0, len(list))
	for _, name := range list {
		quoted = append(quoted, "`"+prefix+name+"`")
	}
	return strings.Join(quoted, ", ")
}

// escape returns text that Markdown shows as it is.
func escape(text string) string {
	return strings.NewReplacer("_", `\_`, "*", `\*`, "|", `\|`, "<", `\<`).Replace(text)
}
