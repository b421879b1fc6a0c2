package acceptance_test

import (
	"context"
	"fmt"
	"os"
	"regexp"
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
	verdict, err := acceptance.Run(ctx, t.Context(), cfg)
	require.NoError(t, err)
	results := verdict.Results
	assert.Equal(t, len(results), reported)
	byLine := map[string]acceptance.Result{}
	for _, r := range results {
		byLine[r.Line] = r
	}
	require.Len(t, results, len(acceptance.Lines()))
	for i, line := range acceptance.Lines() {
		assert.Equal(t, line.Text, results[i].Line, "each line has one result")
	}
	assert.Len(t, byLine, len(results), "no line is there twice")
	return byLine
}

// failed returns the lines that do not hold.
func failed(results map[string]acceptance.Result) (lines []string) {
	for line, r := range results {
		if r.Outcome == acceptance.Failed {
			lines = append(lines, line)
		}
	}
	return lines
}

func TestGoodSolutionMeetsAllLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSolution(t)
		for line, r := range run(t.Context(), t, s.config()) {
			assert.Equal(t, acceptance.Passed, r.Outcome, "%s: %s", line, r.Note)
		}
		assert.Empty(t, s.cloud.Inventory()["instance"])
	})
}

func TestEachMistakeFailsItsLine(t *testing.T) {
	tests := []struct {
		name    string
		mistake func(*solution)
		line    string
		note    string
	}{
		{"service to another port", func(s *solution) { s.port = 80 }, "there is exactly one load balancer, with exactly one service, from port 80 to 8080", "to 80"},
		{"health check elsewhere", func(s *solution) { s.uri = "/" }, "its health check is HTTP on /health", `its URI is "/"`},
		{"two instances outside the pool", func(s *solution) { s.extra = true }, "there is exactly one instance outside the pool", "there are 2: monitoring, forgotten"},
		{"a longer answer", func(s *solution) { s.answer = "OK\n" }, "http://<NLB>/health answers 200 with the body OK and nothing else", `"OK\n"`},
		{"no monitoring", func(s *solution) { s.noMonitoring = true }, "Prometheus answers on port 9090 of that instance", "timed out after 5m0s: "},
		{"frozen targets", func(s *solution) { s.frozen = true }, "Prometheus' targets follow the pool", "timed out after 2m0s: "},
		{"no scaling", func(s *solution) { s.lazy = true }, "with 10 parallel clients on http://<NLB>/load there is one more member", "timed out after 5m0s: 1 members"},
		{"something forgotten", func(s *solution) { s.forgets = true }, "terraform destroy leaves nothing behind", "still there: instance monitoring"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSolution(t)
				test.mistake(s)
				results := run(t.Context(), t, s.config())
				assert.Equal(t, acceptance.Failed, results[test.line].Outcome)
				assert.Contains(t, results[test.line].Note, test.note)
				for _, line := range failed(results) {
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
		assert.Equal(t, []string{"terraform apply ends without an error"}, failed(results))
		assert.Contains(t, results["all backends are healthy"].Note, "skipped: depends on ")
		assert.Equal(t, acceptance.Passed, results["terraform destroy leaves nothing behind"].Outcome)
		assert.Empty(t, s.cloud.Inventory())
	})
}

func TestLinesThatNeedMoreAbleMachinesAreSkipped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := newSolution(t).config()
		cfg.Ability, cfg.Reason = acceptance.Traffic, "machines do not execute user-data"
		skipped := 0
		for _, r := range run(t.Context(), t, cfg) {
			assert.NotEqual(t, acceptance.Failed, r.Outcome, r.Line)
			if r.Outcome == acceptance.Skipped {
				skipped++
				assert.Equal(t, "machines do not execute user-data", r.Note)
			}
		}
		assert.Equal(t, linesThatNeed(acceptance.Boot), skipped)
	})
}

// linesThatNeed returns how many lines need this ability of machines.
func linesThatNeed(ability acceptance.Ability) (n int) {
	for _, line := range acceptance.Lines() {
		if line.Needs == ability {
			n++
		}
	}
	return n
}

func TestPoolAtItsMaximumIsNoVerdict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSolution(t)
		s.huge = true
		r := run(t.Context(), t, s.config())["members are added until the average CPU use falls below 80 %"]
		assert.Equal(t, acceptance.Skipped, r.Outcome)
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
		assert.Equal(t, acceptance.Passed, results["no resource is left in the state"].Outcome)
		assert.Empty(t, s.cloud.Inventory())
	})
}

func TestInterruptedApplyIsNoFaultOfTheConfiguration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSolution(t)
		ctx, cancel := context.WithCancel(t.Context())
		s.interrupt = cancel
		results := run(ctx, t, s.config())
		r := results["terraform destroy leaves nothing behind"]
		assert.Equal(t, acceptance.Skipped, r.Outcome)
		assert.Contains(t, r.Note, "apply was interrupted")
		assert.Contains(t, r.Note, "still there: instance lost")
		assert.Empty(t, failed(results))
	})
}

func TestRehearsalThatDidNotBeginHasNothingToDestroy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		results := run(ctx, t, newSolution(t).config())
		assert.Equal(t, "nothing was created", results["terraform destroy leaves nothing behind"].Note)
	})
}

func TestProgressSaysWhatIsWaitedFor(t *testing.T) {
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

func TestFailureIsDiagnosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSolution(t)
		s.sick = true
		cfg := s.config()
		cfg.Diagnose = func(_ context.Context, about acceptance.Subject) acceptance.Diagnosis {
			assert.Equal(t, acceptance.Subject{Machines: []string{s.members()[0].ID}, Port: 8080, Balancer: true}, about)
			return acceptance.Diagnosis{Cause: "nothing listens on port 8080", Hints: []string{"start something"}}
		}
		r := run(t.Context(), t, cfg)["all backends are healthy"]
		assert.Equal(t, acceptance.Failed, r.Outcome)
		assert.Contains(t, r.Note, "0 of 1 members healthy: nothing listens on port 8080")
		assert.Equal(t, []string{"start something"}, r.Hints)
	})
}

func TestConfigurationFaultsAreNamed(t *testing.T) {
	_, err := acceptance.Run(t.Context(), t.Context(), acceptance.Config{})
	require.ErrorContains(t, err, "the Installer is missing")
	assert.ErrorContains(t, err, "the Cloud is missing")
}

func TestEachLineIsDocumentedWithItsLimit(t *testing.T) {
	page, err := os.ReadFile("../../../docs/rehearsing.md")
	require.NoError(t, err)
	address := regexp.MustCompile(`http://\S+`)
	for _, line := range acceptance.Lines() {
		text, limit := address.ReplaceAllString(line.Text, "`$0`"), ""
		if line.Limit > 0 {
			limit = strings.TrimSuffix(strings.TrimSuffix(line.Limit.String(), "0s"), "m") + " min"
			if line.Limit < time.Minute {
				limit = fmt.Sprintf("%.0f s", line.Limit.Seconds())
			}
		}
		assert.Contains(t, string(page), fmt.Sprintf("\n| %s | %s |\n", text, limit))
	}
}
