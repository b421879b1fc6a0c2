package docs_test

import (
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTextsOfTroubleshootingAreInTheCode: each text that the page says one sees
// is one that a program says. What differs from case to case is between two
// texts.
func TestTextsOfTroubleshootingAreInTheCode(t *testing.T) {
	t.Parallel()
	said := programTexts(t)
	texts := 0
	inTable := false
	for line := range strings.Lines(string(read(t, "troubleshooting.md"))) {
		switch {
		case strings.HasPrefix(line, "| text |"):
			inTable = true
		case !strings.HasPrefix(line, "|"):
			inTable = false
		case inTable:
			for _, span := range regexp.MustCompile("`([^`]{12,})`").FindAllStringSubmatch(strings.Split(line, " | ")[0], -1) {
				texts++
				assert.Contains(t, said, span[1], "docs/troubleshooting.md has a text that no program says")
			}
		}
	}
	require.Greater(t, texts, 15)
}

// programTexts returns what is in the code of all programs, with the parts of
// strings that go over several lines joined, and without tests.
func programTexts(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	all.WriteString("connection refused\n") // the operating system
	for _, name := range repositoryFiles(t) {
		if path.Ext(name) == ".go" && !strings.HasSuffix(name, "_test.go") {
			all.Write(read(t, filepath.Join(root, name)))
		}
	}
	return regexp.MustCompile(`" \+\s*"`).ReplaceAllString(all.String(), "")
}
