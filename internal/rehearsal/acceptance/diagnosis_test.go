package acceptance_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/exopool/exopool/internal/rehearsal/acceptance"
)

func TestFailureIsDiagnosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSolution(t)
		s.sick = true
		cfg := s.config()
		cfg.Sprints = []int{1}
		cfg.Diagnose = func(_ context.Context, about acceptance.Subject) acceptance.Diagnosis {
			assert.True(t, about.Balancer)
			assert.Equal(t, 8080, about.Port)
			return acceptance.Diagnosis{Cause: "nothing listens on port 8080", Hints: []string{"start something"}}
		}
		r := find(t, rehearse(t.Context(), t, cfg), "resources", lineHealthy)
		assert.Equal(t, "timed out after 15m0s: 0 of 1 member healthy: nothing listens on port 8080", r.Note)
		assert.Equal(t, []string{"start something"}, r.Hints)
	})
}

func TestCauseThatWasSeenIsNotRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSolution(t)
		s.sick = true
		cfg := s.config()
		cfg.Sprints = []int{1}
		cfg.Diagnose = func(context.Context, acceptance.Subject) acceptance.Diagnosis {
			return acceptance.Diagnosis{Cause: "0 of 1 member healthy"}
		}
		r := find(t, rehearse(t.Context(), t, cfg), "resources", lineHealthy)
		assert.Equal(t, "timed out after 15m0s: 0 of 1 member healthy", r.Note)
	})
}

func TestWhatCannotHoldAnyMoreIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSolution(t)
		s.sick = true
		cfg := s.config()
		start := time.Now()
		cfg.Diagnose = func(context.Context, acceptance.Subject) acceptance.Diagnosis {
			return acceptance.Diagnosis{Cause: "user-data: line 3: no such package", Final: time.Since(start) > 46*time.Second}
		}
		verdict := rehearse(t.Context(), t, cfg)
		r := find(t, verdict, "resources", lineHealthy)
		assert.Equal(t, "cannot hold any more: 0 of 1 member healthy: user-data: line 3: no such package", r.Note)
		assert.Less(t, r.Took, 90*time.Second)
		answer := find(t, verdict, "resources", "http://<NLB>/health answers OK and nothing else")
		assert.Contains(t, answer.Note, "skipped: depends on ")
	})
}

func TestMachinesThatAreReplacedGetTheirChance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSolution(t)
		s.noMonitoring = true
		cfg := s.config()
		diagnoses := 0
		cfg.Diagnose = func(_ context.Context, about acceptance.Subject) acceptance.Diagnosis {
			if about.Port == 9090 {
				switch diagnoses++; diagnoses {
				case 5:
					s.replaceMonitoring(t.Context())
				case 9:
					s.noMonitoring = false
				}
			}
			return acceptance.Diagnosis{Final: true}
		}
		r := find(t, rehearse(t.Context(), t, cfg), "blocks", linePrometheus)
		assert.Equal(t, acceptance.Passed, r.Outcome, r.Note)
		assert.Greater(t, r.Took, 40*time.Second)
	})
}

func TestErrorOfTerraformMayBringHints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSolution(t)
		s.breaks = 1
		r := find(t, rehearse(t.Context(), t, s.config()), "resources", "terraform apply ends without an error")
		assert.Equal(t, "quota exceeded", r.Note)
		assert.Equal(t, []string{"ask for more"}, r.Hints)
	})
}
