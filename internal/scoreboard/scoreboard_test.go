package scoreboard_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/scoreboard"
	"github.com/exopool/exopool/replay"
)

// How much worse than the page says a contender may become: other processors round
// otherwise, and small changes need no new page.
const (
	worseCost  = 0.01 // of the cost
	worseUnder = 0.05 // percent of the members needed
)

// readScores reads the page.
func readScores(t *testing.T) (own, other []scoreboard.Score) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(scoreboard.Page)))
	require.NoError(t, err)
	own, other, err = scoreboard.Scores(string(page))
	require.NoError(t, err)
	return own, other
}

func requireNoWorse(t *testing.T, score scoreboard.Score, result replay.Result) {
	t.Helper()
	f := result.Figures
	require.Equal(t, [2]string{result.Trace, result.Contender}, [2]string{score.Trace, score.Contender}, "write the page anew: make scoreboard")
	assert.LessOrEqual(t, f.CostRatio, score.CostRatio*(1+worseCost), "cost of %s on %s", score.Contender, score.Trace)
	assert.LessOrEqual(t, f.UnderAccuracy, score.UnderAccuracy+worseUnder, "what %s lacks on %s", score.Contender, score.Trace)
}

// TestNothingFollowsWorse: on the traces that come with exopool, each contender costs
// no more and lacks no more than the page says.
func TestNothingFollowsWorse(t *testing.T) {
	t.Parallel()
	scores, _ := readScores(t)
	results, err := scoreboard.Bundled(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, scores, len(results), "write the page anew: make scoreboard")
	for i, result := range results {
		requireNoWorse(t, scores[i], result)
	}
}

// TestFollowFollowsNoWorse on other traces, where they are.
func TestFollowFollowsNoWorse(t *testing.T) {
	t.Parallel()
	folder := filepath.Join("..", "..", "..", "shared", "traces")
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("needs the traces in %s beside the repository: %v", folder, err)
	}
	_, scores := readScores(t)
	scores = slices.DeleteFunc(scores, func(s scoreboard.Score) bool { return !isFollow(s) })
	results, err := scoreboard.Follow(t.Context(), folder)
	require.NoError(t, err)
	require.Len(t, scores, len(results), "write the page anew: make scoreboard")
	for i, result := range results {
		requireNoWorse(t, scores[i], result)
	}
}

func isFollow(s scoreboard.Score) bool { return strings.HasPrefix(s.Contender, "follow") }

// byRequests reports whether a contender is shown what CPU use does not tell.
func byRequests(s scoreboard.Score) bool { return strings.HasSuffix(s.Contender, ", requests") }

// TestNobodyIsBetterThanFollow: no other policy that is shown the same or less costs
// less and lacks less on the same trace, says the page; on the traces that come with
// exopool, none that is shown more either.
func TestNobodyIsBetterThanFollow(t *testing.T) {
	t.Parallel()
	own, other := readScores(t)
	for name, scores := range map[string][]scoreboard.Score{"own": own, "other": other} {
		compared := 0
		for _, follow := range scores {
			if !isFollow(follow) {
				continue
			}
			for _, rival := range scores {
				if rival.Trace != follow.Trace || rival.Contender == "clairvoyant" || isFollow(rival) {
					continue
				}
				if name == "other" && byRequests(rival) && !byRequests(follow) {
					continue
				}
				compared++
				better := rival.CostRatio <= follow.CostRatio && rival.UnderAccuracy <= follow.UnderAccuracy
				assert.False(t, better, "%s is better than %s on %s", rival.Contender, follow.Contender, follow.Trace)
			}
		}
		assert.Greater(t, compared, 50, name)
	}
}

func TestScoresReadsRowsAboutOneTrace(t *testing.T) {
	t.Parallel()
	own, other, err := scoreboard.Scores("| a | b | 9 | 9 | 9 |\n<!-- traces that come with exopool -->\n| trace | policy | cost | θU % | x |\n|---|---|---|---|---|\n" +
		"| web | hpa, cpu | 1.250 | 0.10 | 3 |\n<!-- end of traces that come with exopool -->\n| a | b | 9 | 9 | 9 |\n" +
		"<!-- other traces -->\n| step | 1.623 | 1.04 | 2.81 | 1.00 |\n\n| shop | step | 2.000 | 0.20 | 3 |\n<!-- end of other traces -->\n")
	require.NoError(t, err)
	assert.Equal(t, []scoreboard.Score{{Trace: "web", Contender: "hpa, cpu", CostRatio: 1.25, UnderAccuracy: 0.1}}, own)
	assert.Equal(t, []scoreboard.Score{{Trace: "shop", Contender: "step", CostRatio: 2, UnderAccuracy: 0.2}}, other)
}
