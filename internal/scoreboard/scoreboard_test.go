package scoreboard_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/scoreboard"
)

// How much worse than the page says a contender may become: other processors round
// otherwise, and small changes need no new page.
const (
	worseCost  = 0.01 // of the cost
	worseUnder = 0.05 // percent of the members needed
)

// TestNothingFollowsWorse: on the traces that come with exopool, each contender costs
// no more and lacks no more than the page says.
func TestNothingFollowsWorse(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(scoreboard.Page)))
	require.NoError(t, err)
	scores, err := scoreboard.Scores(string(page))
	require.NoError(t, err)
	results, err := scoreboard.Bundled(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, scores, len(results), "write the page anew: make scoreboard")
	for i, result := range results {
		score, f := scores[i], result.Figures
		require.Equal(t, [2]string{result.Trace, result.Contender}, [2]string{score.Trace, score.Contender}, "write the page anew: make scoreboard")
		assert.LessOrEqual(t, f.CostRatio, score.CostRatio*(1+worseCost), "cost of %s on %s", score.Contender, score.Trace)
		assert.LessOrEqual(t, f.UnderAccuracy, score.UnderAccuracy+worseUnder, "what %s lacks on %s", score.Contender, score.Trace)
	}
}

func TestScoresReadsOnlyTheTracesThatComeWithExopool(t *testing.T) {
	t.Parallel()
	scores, err := scoreboard.Scores("| a | b | 9 | 9 | 9 |\n<!-- traces that come with exopool -->\n| trace | policy | cost | θU % | x |\n|---|---|---|---|---|\n" +
		"| web | hpa, cpu | 1.250 | 0.10 | 3 |\n<!-- end of traces that come with exopool -->\n| a | b | 9 | 9 | 9 |\n")
	require.NoError(t, err)
	assert.Equal(t, []scoreboard.Score{{Trace: "web", Contender: "hpa, cpu", CostRatio: 1.25, UnderAccuracy: 0.1}}, scores)
}
