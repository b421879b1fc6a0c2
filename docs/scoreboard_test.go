package docs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestFiguresOfPoliciesAreThoseOfTheScoreboard: what other pages say of costs over all
// traces is what its table says.
func TestFiguresOfPoliciesAreThoseOfTheScoreboard(t *testing.T) {
	t.Parallel()
	costs := scoreboardCosts(t)
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	require.NoError(t, err)
	for page, text := range map[string]string{"README.md": string(readme), "docs/policies.md": string(read(t, "policies.md"))} {
		for _, policy := range []string{"follow, requests", "step"} {
			assert.Contains(t, text, fmt.Sprintf("%.2f times", costs[policy]), "%s: the cost of %s", page, policy)
		}
	}
}

// scoreboardCosts returns what policies cost over all other traces.
func scoreboardCosts(t *testing.T) map[string]float64 {
	t.Helper()
	costs := map[string]float64{}
	for _, row := range regexp.MustCompile(`(?m)^\| ([a-z, ]+) \| ([0-9.]+) \|`).FindAllStringSubmatch(string(read(t, "scoreboard.md")), -1) {
		cost, err := strconv.ParseFloat(row[2], 64)
		require.NoError(t, err)
		costs[row[1]] = cost
	}
	require.Greater(t, len(costs), 8)
	return costs
}
