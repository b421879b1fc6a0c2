package acceptance_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/rehearsal/acceptance"
)

// run rehearses a solution, in virtual time.
func run(ctx context.Context, t *testing.T, cfg acceptance.Config) map[string]acceptance.Result {
	t.Helper()
	reported := 0
	cfg.Report = func(acceptance.Result) { reported++ }
	results, err := acceptance.Run(ctx, t.Context(), cfg)
	require.NoError(t, err)
	assert.Equal(t, len(results), reported)
	byLine := map[string]acceptance.Result{}
	for _, r := range results {
		byLine[r.Line] = r
	}
	assert.Equal(t, 18, len(byLine), "each line has one result")
	return byLine
}

// broken lists the lines that do not hold.
func broken(results map[string]acceptance.Result) (lines []string) {
	for line, r := range results {
		if r.Outcome == acceptance.Broken {
			lines = append(lines, line)
		}
	}
	return lines
}

func TestGoodSolutionMeetsAllLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSolution(t)
		for line, r := range run(t.Context(), t, s.config()) {
			assert.Equal(t, acceptance.Met, r.Outcome, "%s: %s", line, r.Note)
		}
		assert.Empty(t, s.cloud.Inventory()["instance"])
	})
}

func TestEachFaultBreaksItsLine(t *testing.T) {
	tests := []struct {
		name  string
		fault func(*solution)
		line  string
		note  string
	}{
		{"service to another port", func(s *solution) { s.port = 80 }, "there is exactly one load balancer, with exactly one service, from port 80 to 8080", "to 80"},
		{"health check elsewhere", func(s *solution) { s.uri = "/" }, "its health check is HTTP on /health", `its URI is "/"`},
		{"two instances outside the pool", func(s *solution) { s.extra = true }, "there is exactly one instance outside the pool", "there are 2: monitoring, forgotten"},
		{"a longer answer", func(s *solution) { s.answer = "OK\n" }, "http://<NLB>/health answers 200 with the body OK and nothing else", `"OK\n"`},
		{"no monitoring", func(s *solution) { s.noMonitoring = true }, "Prometheus answers on port 9090 of that instance", "not within 5m0s: "},
		{"frozen targets", func(s *solution) { s.frozen = true }, "Prometheus' targets follow the pool", "not within 2m0s: "},
		{"no scaling", func(s *solution) { s.lazy = true }, "with 10 parallel clients on http://<NLB>/load there is one more member", "not within 5m0s: 1 members"},
		{"something forgotten", func(s *solution) { s.forgets = true }, "terraform destroy leaves nothing behind", "still there: instance monitoring"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSolution(t)
				test.fault(s)
				results := run(t.Context(), t, s.config())
				assert.Equal(t, acceptance.Broken, results[test.line].Outcome)
				assert.Contains(t, results[test.line].Note, test.note)
				for _, line := range broken(results) {
					assert.Contains(t, []string{test.line, "Grafana answers on port 3000 of that instance", "terraform destroy leaves nothing behind"}, line)
				}
			})
		})
	}
}

func TestApplyThatFailsIsDestroyedNevertheless(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSolution(t)
		s.breaks = true
		results := run(t.Context(), t, s.config())
		assert.Equal(t, []string{"terraform apply ends without an error"}, broken(results))
		assert.Contains(t, results["all backends are healthy"].Note, "makes no sense without")
		assert.Equal(t, acceptance.Met, results["terraform destroy leaves nothing behind"].Outcome)
		assert.Empty(t, s.cloud.Inventory())
	})
}

func TestLinesThatNeedMoreAbleMachinesAreUnchecked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := newSolution(t).config()
		cfg.Ability, cfg.Reason = acceptance.Traffic, "machines do not execute user-data"
		unchecked := 0
		for _, r := range run(t.Context(), t, cfg) {
			assert.NotEqual(t, acceptance.Broken, r.Outcome, r.Line)
			if r.Outcome == acceptance.Unchecked {
				unchecked++
				assert.Equal(t, "machines do not execute user-data", r.Note)
			}
		}
		assert.Equal(t, 8, unchecked)
	})
}

func TestPoolAtItsMaximumIsNoVerdict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSolution(t)
		s.huge = true
		r := run(t.Context(), t, s.config())["members are added until the average CPU use falls below 80 %"]
		assert.Equal(t, acceptance.Unchecked, r.Outcome)
		assert.Contains(t, r.Note, "average 100 %, 3 of 3 members healthy")
	})
}

func TestInterruptedRehearsalDestroys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSolution(t)
		ctx, cancel := context.WithCancel(t.Context())
		cfg := s.config()
		cfg.Progress = func(line, _ string, _, _ time.Duration) {
			if strings.HasPrefix(line, "with 10 parallel clients") {
				cancel()
			}
		}
		results := run(ctx, t, cfg)
		assert.Equal(t, "interrupted", results["without load members go, down to the minimum"].Note)
		assert.Equal(t, acceptance.Met, results["no resource is left in the state"].Outcome)
		assert.Empty(t, s.cloud.Inventory())
	})
}

func TestInterruptedApplyIsNoFaultOfTheConfiguration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSolution(t)
		ctx, cancel := context.WithCancel(t.Context())
		s.cut = cancel
		results := run(ctx, t, s.config())
		r := results["terraform destroy leaves nothing behind"]
		assert.Equal(t, acceptance.Unchecked, r.Outcome)
		assert.Contains(t, r.Note, "apply was interrupted")
		assert.Contains(t, r.Note, "still there: instance lost")
		assert.Empty(t, broken(results))
	})
}

func TestRehearsalThatDidNotBeginHasNothingToDestroy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		results := run(ctx, t, newSolution(t).config())
		assert.Equal(t, "nothing was made", results["terraform destroy leaves nothing behind"].Note)
	})
}

func TestProgressTellsWhatIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := newSolution(t).config()
		var seen []string
		cfg.Progress = func(line, what string, since, limit time.Duration) {
			seen = append(seen, fmt.Sprintf("%s: %s %s/%s", line, what, since, limit))
		}
		run(t.Context(), t, cfg)
		assert.Contains(t, seen, "with 10 parallel clients on http://<NLB>/load there is one more member: 1 members 30s/5m0s")
		assert.Contains(t, seen, "terraform apply ends without an error: 2 things in the account 3s/20m0s")
	})
}
