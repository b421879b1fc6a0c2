package e2e_test

import (
	"context"
	"os/exec"
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
	cmd := exec.CommandContext(ctx, build(t, "fakecloud"), "rehearse", "-machines", "process", "-speed", "8",
		"terraform", "--", "-var", "provision=false")
	cmd.Dir = "../.."
	output, err := cmd.CombinedOutput()
	t.Logf("%s", output)
	require.NoError(t, err)
	assert.NotContains(t, string(output), "Advice")
	assert.Regexp(t, `\n\d+ lines hold, 0 do not, \d+ could not be checked\.\n`, string(output))
	for _, line := range acceptance.Lines() {
		if line.Sprint > 0 && !line.Optional && line.Needs <= acceptance.Traffic {
			assert.NotContains(t, string(output), "\n– "+line.Text)
		}
	}
}
