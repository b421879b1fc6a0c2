package acceptance_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/rehearsal/acceptance"
)

// Lines that many tests are about.
const (
	lineApply      = "terraform apply ends without an error"
	lineHealthy    = "all backends are healthy"
	lineOutside    = "there is exactly one instance outside the pool"
	linePrometheus = "Prometheus answers on port 9090 of that instance"
	lineCPU        = "the query for CPU use has a result for each member"
	lineFile       = "the targets file has the addresses of all members, with TARGET_PORT, and no others"
	lineSecond     = "with 10 clients without pause on http://<NLB>/load there are 2 members"
	lineAverage    = "members are added until the average CPU use falls below 80 %"
	lineDestroy    = "terraform destroy ends without an error"
	lineState      = "no resource is left in the state"
)

// rehearse rehearses a solution, and makes sure that each line has one result.
func rehearse(ctx context.Context, t *testing.T, cfg acceptance.Config) acceptance.Verdict {
	t.Helper()
	var reported []acceptance.Result
	cfg.Report = func(r acceptance.Result) { reported = append(reported, r) }
	verdict, err := acceptance.Run(ctx, t.Context(), cfg)
	require.NoError(t, err)
	assert.Equal(t, verdict.Results, reported)
	if len(cfg.Sprints) > 0 {
		return verdict
	}
	n := 0
	for _, line := range acceptance.Lines() {
		if line.Sprint == 0 && !cfg.Beyond {
			continue
		}
		require.Greater(t, len(verdict.Results), n)
		r := verdict.Results[n]
		assert.Equal(t, []any{line.Sprint, line.Scenario, line.Optional, line.Text}, []any{r.Sprint, r.Scenario, r.Optional, r.Line})
		n++
	}
	assert.Len(t, verdict.Results, n)
	return verdict
}

// find returns the result of a line of a scenario.
func find(t *testing.T, v acceptance.Verdict, scenario, line string) acceptance.Result {
	t.Helper()
	for _, r := range v.Results {
		if r.Scenario == scenario && r.Line == line {
			return r
		}
	}
	require.Fail(t, "no such line", "%s: %s", scenario, line)
	return acceptance.Result{}
}

// failed returns the results of lines that do not hold.
func failed(v acceptance.Verdict) (found []acceptance.Result) {
	for _, r := range v.Results {
		if r.Outcome == acceptance.Failed {
			found = append(found, r)
		}
	}
	return found
}

func lines(results []acceptance.Result) (texts []string) {
	for _, r := range results {
		texts = append(texts, r.Line)
	}
	return texts
}

func TestGoodSolutionMeetsAllLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSolution(t)
		cfg := s.config()
		cfg.Beyond = true
		verdict := rehearse(t.Context(), t, cfg)
		for _, r := range verdict.Results {
			if r.Scenario == "discovery" || r.Scenario == "autoscaler" {
				assert.Contains(t, r.Note, "there is no folder", "%s", r.Line)
				continue
			}
			assert.Equal(t, acceptance.Passed, r.Outcome, "%s: %s: %s", r.Scenario, r.Line, r.Note)
			assert.Empty(t, r.StandIn)
		}
		assert.False(t, verdict.Failed())
		assert.Empty(t, verdict.Advice)
		assert.Empty(t, s.cloud.Inventory())
		assert.Equal(t, 6, s.applies, "as often as the course's checker applies")
	})
}

func TestEachMistakeFailsItsLine(t *testing.T) {
	const lineAnswer = "http://<NLB>/health answers OK and nothing else"
	const lineEmptied = "set to 1 and with all members deleted, the pool has 1 member again"
	tests := []struct {
		name    string
		mistake func(*solution)
		lines   []string // that fail, in order
		note    string   // of the first one
		took    time.Duration
	}{
		{"two pools", func(s *solution) { s.pools = 2 }, []string{"there is exactly one instance pool", lineEmptied, "the pool can be set to 1 member", lineEmptied}, "there are 2: members, members", 0},
		{"two services", func(s *solution) { s.services = 2 }, []string{"it has exactly one service", lineHealthy, lineHealthy}, "nlb has 2 services: http0, http1", 0},
		{"another port", func(s *solution) { s.listen = 8080 }, []string{"the service listens on port 80"}, "it is port 8080", 0},
		{"sick members", func(s *solution) { s.sick = true }, []string{lineHealthy, lineHealthy}, "timed out after 15m0s: 0 of 1 member healthy", 15 * time.Minute},
		{"a longer answer", func(s *solution) { s.answer = "OK\n" }, []string{lineAnswer, lineAnswer}, `it answers 200 "OK\n"`, 0},
		{"two instances outside the pool", func(s *solution) { s.extra = true }, []string{lineOutside, lineCPU}, "there are 2: monitoring, forgotten", 0},
		{"no monitoring", func(s *solution) { s.noMonitoring = true }, []string{linePrometheus, lineCPU}, ":9090: connection refused", 15 * time.Minute},
		{"no exporter", func(s *solution) { s.unmeasured = true }, []string{lineCPU, lineCPU}, "timed out after 15m0s: 0 of 1 member", 15 * time.Minute},
		{"names as labels", func(s *solution) { s.label = ".example.com:9100" }, []string{lineCPU, lineCPU}, ".example.com", 15 * time.Minute},
		{"no scaling", func(s *solution) { s.lazy = true }, []string{lineSecond}, "timed out after 5m0s: 1 member", 5 * time.Minute},
		{"scaling too far", func(s *solution) { s.hasty = true }, []string{lineSecond}, "timed out after 5m0s: 3 members", 5 * time.Minute},
		{"a state that is not empty", func(s *solution) { s.keeps = true }, []string{lineState}, "it lists exoscale_nlb.nlb", 0},
		{"an apply that works once", func(s *solution) { s.breaks = 3 }, []string{lineApply}, "quota exceeded", 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSolution(t)
				test.mistake(s)
				verdict := rehearse(t.Context(), t, s.config())
				assert.True(t, verdict.Failed())
				failures := failed(verdict)
				assert.Equal(t, test.lines, lines(failures))
				require.NotEmpty(t, failures)
				assert.Contains(t, failures[0].Note, test.note)
				assert.InDelta(t, test.took, failures[0].Took, float64(2*time.Second))
			})
		})
	}
}

func TestFailFastChecksNothingAfterTheFirstFailureAndDestroys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSolution(t)
		s.sick = true
		cfg := s.config()
		cfg.FailFast = true
		verdict := rehearse(t.Context(), t, cfg)
		assert.Equal(t, []string{lineHealthy}, lines(failed(verdict)))
		after := find(t, verdict, "scaling", lineApply)
		assert.Equal(t, acceptance.Skipped, after.Outcome)
		assert.Contains(t, after.Note, "an earlier line failed")
		assert.Equal(t, acceptance.Passed, find(t, verdict, "removing", lineDestroy).Outcome)
		assert.Empty(t, s.cloud.Inventory())
		assert.Equal(t, 1, s.applies)
	})
}

func TestServiceThatIsMissingIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSolution(t)
		s.services = 0
		r := find(t, rehearse(t.Context(), t, s.config()), "scaling", lineHealthy)
		assert.Equal(t, "nlb has 0 services", r.Note)
		assert.Zero(t, r.Took)
	})
}

func TestLabelWithoutAPortIsEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSolution(t)
		s.label = ""
		assert.Empty(t, failed(rehearse(t.Context(), t, s.config())))
	})
}

func TestLineThatFailedTwiceIsNotWaitedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSolution(t)
		s.sick = true
		r := find(t, rehearse(t.Context(), t, s.config()), "killing", lineHealthy)
		assert.Equal(t, acceptance.Skipped, r.Outcome)
		assert.Equal(t, "skipped: failed in 2 scenarios before", r.Note)
	})
}

func TestSprintsThatDoNotApplyAreSkipped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSolution(t)
		s.alone = true
		verdict := rehearse(t.Context(), t, s.config())
		assert.False(t, verdict.Failed())
		for _, r := range verdict.Results {
			if r.Sprint > 1 {
				assert.Equal(t, "not a part of this installation: there is no instance outside the pool", r.Note)
			}
		}
		assert.Equal(t, 3, s.applies)
	})
	synctest.Test(t, func(t *testing.T) {
		s := newSolution(t)
		s.alone = true
		cfg := s.config()
		cfg.Sprints = []int{2}
		verdict := rehearse(t.Context(), t, cfg)
		assert.Equal(t, []string{lineOutside, lineCPU}, lines(failed(verdict)), "it was asked for")
		for _, r := range verdict.Results {
			assert.Equal(t, 2, r.Sprint)
		}
		assert.Empty(t, s.cloud.Inventory(), "it is removed all the same")
		assert.Empty(t, verdict.Advice)
	})
}

func TestWhatWasThereBeforeDoesNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSolution(t)
		another := newSolution(t)
		another.cloud, another.prefix = s.cloud, "another-"
		require.NoError(t, another.Apply(t.Context()))
		assert.Empty(t, failed(rehearse(t.Context(), t, s.config())))
	})
}

func TestApplyThatFailsIsDestroyedNevertheless(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSolution(t)
		s.breaks = 1
		verdict := rehearse(t.Context(), t, s.config())
		assert.Equal(t, []string{lineApply}, lines(failed(verdict)), "the second one works")
		assert.Contains(t, find(t, verdict, "resources", lineHealthy).Note, "skipped: depends on ")
		assert.Equal(t, acceptance.Passed, find(t, verdict, "removing", lineDestroy).Outcome)
		assert.Empty(t, s.cloud.Inventory())
	})
}

func TestLinesThatNeedMoreAbleMachinesAreSkipped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSolution(t)
		cfg := s.config()
		cfg.Ability, cfg.Reason = acceptance.Traffic, "machines do not execute user-data"
		verdict := rehearse(t.Context(), t, cfg)
		assert.Empty(t, failed(verdict))
		for _, line := range acceptance.Lines() {
			if line.Sprint == 0 || line.Optional {
				continue
			}
			r := find(t, verdict, line.Scenario, line.Text)
			if line.Needs == acceptance.Boot {
				assert.Equal(t, "machines do not execute user-data", r.Note, line.Text)
			}
			assert.Equal(t, line.Needs == acceptance.Boot, r.Outcome == acceptance.Skipped, line.Text)
			assert.Equal(t, line.Needs == acceptance.Traffic, r.StandIn != "", line.Text)
		}
		assert.Empty(t, verdict.Advice)
	})
}

func TestPoolAtItsMaximumIsNoVerdict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSolution(t)
		s.huge = true
		cfg := s.config()
		cfg.Beyond = true
		r := find(t, rehearse(t.Context(), t, cfg), "beyond the checker", lineAverage)
		assert.Equal(t, acceptance.Skipped, r.Outcome)
		assert.Contains(t, r.Note, "average 100 %, 3 of 3 members healthy")
	})
}

func TestFrozenTargetsFailALineBeyondTheChecker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSolution(t)
		s.frozen = true
		cfg := s.config()
		cfg.Beyond = true
		verdict := rehearse(t.Context(), t, cfg)
		assert.Equal(t, []string{"Prometheus' targets follow the pool"}, lines(failed(verdict)))
		assert.False(t, verdict.Failed(), "the course's checker would not see it")
	})
}

func TestSpeedDividesAllLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSolution(t)
		s.lazy = true
		cfg := s.config()
		cfg.Speed = 10
		r := find(t, rehearse(t.Context(), t, cfg), "load", lineSecond)
		assert.Equal(t, "timed out after 30s: 1 member", r.Note)
		assert.Equal(t, 30*time.Second, r.Limit)
	})
}

func TestProgressSaysWhatIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSolution(t)
		cfg := s.config()
		var seen []string
		cfg.Progress = func(line, what string, since, limit time.Duration) {
			seen = append(seen, fmt.Sprintf("%s: %s %s/%s", line, what, since, limit))
		}
		rehearse(t.Context(), t, cfg)
		assert.Contains(t, seen, lineSecond+": 1 member 30s/5m0s")
		assert.Contains(t, seen, lineApply+": 2 things in the account 3s/20m0s")
	})
}

func TestConfigurationFaultsAreNamed(t *testing.T) {
	_, err := acceptance.Run(t.Context(), t.Context(), acceptance.Config{Sprints: []int{4}})
	require.ErrorContains(t, err, "the Installer is missing")
	require.ErrorContains(t, err, "the Cloud is missing")
	assert.ErrorContains(t, err, "there is no sprint 4: give 1 to 3")
}

// TestWhatAnApplyLeavesOutIsNotChecked: neither right nor wrong, while what it
// has installed is checked as ever.
func TestWhatAnApplyLeavesOutIsNotChecked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSolution(t)
		cfg := s.config()
		cfg.Partly = func() string { return "without what logs in by SSH" }
		for _, r := range rehearse(t.Context(), t, cfg).Results {
			switch {
			case r.Optional:
			case r.Line == lineApply:
				assert.Equal(t, acceptance.Skipped, r.Outcome)
				assert.Equal(t, "not checked: it does, but without what logs in by SSH", r.Note)
			default:
				assert.Equal(t, acceptance.Passed, r.Outcome, r.Line)
			}
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := newSolution(t)
		cfg := s.config()
		cfg.Impossible = "not checked: it logs in"
		verdict := rehearse(t.Context(), t, cfg)
		assert.Empty(t, failed(verdict))
		assert.Equal(t, "not checked: it logs in", find(t, verdict, "resources", lineApply).Note)
		assert.Equal(t, "nothing was created", find(t, verdict, "removing", "terraform destroy ends without an error").Note)
	})
}
