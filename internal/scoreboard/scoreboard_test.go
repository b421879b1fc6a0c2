package scoreboard_test

import (
	"os"
	"path/filepath"
	"strings"
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

// TestNobodyIsBetterThanFollow: no other policy costs less and lacks less on the same
// trace, says the page.
func TestNobodyIsBetterThanFollow(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(scoreboard.Page)))
	require.NoError(t, err)
	scores, err := scoreboard.Scores(string(page))
	require.NoError(t, err)
	compared := 0
	for _, follow := range scores {
		if !strings.HasPrefix(follow.Contender, "follow") {
			continue
		}
		for _, other := range scores {
			if other.Trace != follow.Trace || other.Contender == "clairvoyant" || strings.HasPrefix(other.Contender, "follow") {
				continue
			}
			compared++
			better := other.CostRatio <= follow.CostRatio && other.UnderAccuracy <= follow.UnderAccuracy
			assert.False(t, better, "%s is better than %s on %s", other.Contender, follow.Contender, follow.Trace)
		}
	}
	assert.Greater(t, compared, 50)
}

func TestScoresReadsOnlyTheTracesThatComeWithExopool(t *testing.T) {
	t.Parallel()
	scores, err := scoreboard.Scores("| a | b | 9 | 9 | 9 |\n<!-- traces that come with exopool -->\n| trace | policy | cost | θU % | x |\n|---|---|---|---|---|\n" +
		"| web | hpa, cpu | 1.250 | 0.10 | 3 |\n<!-- end of traces that come with exopool -->\n| a | b | 9 | 9 | 9 |\n")
	require.NoError(t, err)
	assert.Equal(t, []scoreboard.Score{{Trace: "web", Contender: "hpa, cpu", CostRatio: 1.25, UnderAccuracy: 0.1}}, scores)
}
