package acceptance_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/rehearsal/acceptance"
)

// The page has a table for each scenario, or the same lines in words. The tables
// are compared as a whole.
func TestEachLineIsDocumentedWithItsLimit(t *testing.T) {
	page, err := os.ReadFile("../../../docs/rehearsing.md")
	require.NoError(t, err)
	for _, table := range tables() {
		assert.Contains(t, string(page), table)
	}
}

// tables returns the tables of the scenarios.
func tables() (texts []string) {
	address := regexp.MustCompile(`http://\S+`)
	var text strings.Builder
	last := ""
	for _, line := range acceptance.Lines() {
		if title := titleOf(line); title != last {
			if last != "" {
				texts = append(texts, text.String())
			}
			last = title
			text.Reset()
			fmt.Fprintf(&text, "\n| %s | limit |\n|---|---|\n", title)
		}
		fmt.Fprintf(&text, "| %s | %s |\n", address.ReplaceAllString(line.Text, "`$0`"), limitText(line.Limit))
	}
	return append(texts, text.String())
}

func titleOf(line acceptance.Line) string {
	title := line.Scenario
	if line.Sprint > 0 {
		title = fmt.Sprintf("sprint %d: %s", line.Sprint, line.Scenario)
	}
	if line.Optional && line.Sprint > 0 {
		title += " (optional)"
	}
	return title
}

func limitText(limit time.Duration) string {
	if limit == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f min", limit.Minutes())
}
