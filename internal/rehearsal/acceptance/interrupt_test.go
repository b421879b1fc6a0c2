package acceptance_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/exopool/exopool/internal/rehearsal/acceptance"
)

func TestInterruptedRehearsalDestroys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSolution(t)
		ctx, cancel := context.WithCancel(t.Context())
		cfg := s.config()
		cfg.Progress = func(line, _ string, _, _ time.Duration) {
			if line == lineSecond {
				cancel()
			}
		}
		verdict := rehearse(ctx, t, cfg)
		assert.Equal(t, "interrupted", find(t, verdict, "removing", lineApply).Note)
		assert.Equal(t, acceptance.Passed, find(t, verdict, "removing", lineState).Outcome)
		assert.Empty(t, s.cloud.Inventory())
	})
}

func TestInterruptedApplyIsNoFaultOfTheConfiguration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSolution(t)
		ctx, cancel := context.WithCancel(t.Context())
		s.interrupt = cancel
		verdict := rehearse(ctx, t, s.config())
		r := find(t, verdict, "removing", lineDestroy)
		assert.Equal(t, acceptance.Skipped, r.Outcome)
		assert.Contains(t, r.Note, "apply was interrupted")
		assert.Contains(t, r.Note, "still there: instance lost")
		assert.Empty(t, failed(verdict))
		assert.Empty(t, verdict.Advice)
	})
}

func TestRehearsalThatDidNotBeginHasNothingToDestroy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSolution(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		verdict := rehearse(ctx, t, s.config())
		assert.Equal(t, "nothing was created", find(t, verdict, "removing", lineDestroy).Note)
		assert.Equal(t, "interrupted", find(t, verdict, "resources", lineApply).Note)
	})
}
