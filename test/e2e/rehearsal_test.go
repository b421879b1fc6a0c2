package e2e_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/rehearsal/acceptance"
)

// The product judges the product: what can be seen without machines that
// execute their user-data.
func TestModulePassesTheRehearsal(t *testing.T) {
	open(t) // skips, or builds the providers that fakecloud then finds
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	report := filepath.Join(t.TempDir(), "report.json")
	cmd := exec.CommandContext(ctx, build(t, "fakecloud"), "rehearse", "-machines", "process", "-speed", "8", "-output", report,
		"terraform", "--", "-var", "provision=false", "-var", "restricted_key=false")
	cmd.Dir = "../.."
	output, err := cmd.CombinedOutput()
	t.Logf("%s", output)
	require.NoError(t, err)
	text, err := os.ReadFile(report)
	require.NoError(t, err)
	var found struct {
		Passed bool
		Lines  []struct{ Scenario, Line, Outcome, Note string }
		Advice []any
	}
	require.NoError(t, json.Unmarshal(text, &found))
	assert.True(t, found.Passed)
	assert.Empty(t, found.Advice)
	lines := slices.DeleteFunc(acceptance.Lines(), func(l acceptance.Line) bool { return l.Sprint == 0 })
	require.Len(t, found.Lines, len(lines))
	for n, line := range lines {
		want := "passed"
		if line.Needs > acceptance.Traffic || line.Optional {
			want = "skipped" // terraform/ alone has no programs to build
		}
		assert.Equal(t, want, found.Lines[n].Outcome, "%s: %s: %s", line.Scenario, line.Text, found.Lines[n].Note)
	}
}
