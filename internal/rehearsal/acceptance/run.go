package acceptance

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Run applies the installation, plays the scenarios and destroys it. The verdict
// has one result for each line of them, in the order of the lines.
//
// It destroys also when ctx ends before; lines that were not checked by then
// are Skipped. The end of cleanup cuts the destruction short.
func Run(ctx, cleanup context.Context, cfg Config) (Verdict, error) {
	if err := cfg.validate(); err != nil {
		return Verdict{}, fmt.Errorf("configure the rehearsal: %w", err)
	}
	r := newRun(cfg.withDefaults())
	defer r.stopLoad()
	for _, s := range r.scenarios() {
		if s.name == nameRemoving && r.applied {
			r.Advice = append(r.Advice, r.Advise()...)
		}
		switch {
		case r.wanted(s):
			r.play(ctx, cleanup, s)
		case s.name == nameRemoving:
			r.removeAnyway(cleanup)
		}
	}
	return r.Verdict, nil
}

// A run is one rehearsal in progress.
type run struct {
	Config
	Verdict

	before   map[string][]string // inventory of the account
	foreign  map[string]bool     // ids of what was there before
	failed   map[string]bool     // lines of this scenario that do not hold, or were not checked
	failures map[string]int      // in how many scenarios in succession a line failed

	gaveUp           bool // a line failed, and no further one is to be checked
	applied          bool
	applyInterrupted bool
	grew             bool // under load

	container  containerRun
	membership membership // as last seen
	load       Load       // nil before there is one
	stopLoad   func()
}

func newRun(cfg Config) *run {
	r := &run{
		Config: cfg, before: cfg.Cloud.Inventory(), foreign: map[string]bool{}, failures: map[string]int{}, stopLoad: func() {},
	}
	for _, i := range cfg.Cloud.Instances() {
		r.foreign[i.ID] = true
	}
	for _, p := range cfg.Cloud.Pools() {
		r.foreign[p.ID] = true
	}
	for _, b := range cfg.Cloud.Balancers() {
		r.foreign[b.ID] = true
	}
	return r
}

// play goes through the lines of a scenario.
func (r *run) play(ctx, cleanup context.Context, s scenario) {
	r.failed = map[string]bool{}
	reason := ""
	if s.skip != nil {
		reason = s.skip()
	}
	for _, c := range s.checks {
		c.Sprint, c.Scenario, c.Optional = s.sprint, s.name, s.optional
		if c.cleanup {
			r.perform(cleanup, c, reason)
		} else {
			r.perform(ctx, c, reason)
		}
	}
	if s.end != nil {
		s.end(ctx)
	}
}

// errCannotTell is the error of a check that would need another installation.
var errCannotTell = errors.New("cannot be seen here")

// enough is in how many scenarios a line may fail before it is skipped. One is an
// accident, two are a property of the installation.
const enough = 2

// perform performs a check, unless there is a reason to skip it.
func (r *run) perform(ctx context.Context, c check, reason string) {
	c.Limit = r.scaled(c.Limit)
	result := Result{Sprint: c.Sprint, Scenario: c.Scenario, Optional: c.Optional, Line: c.Text, Outcome: Skipped, Limit: c.Limit}
	done := false
	if reason == "" {
		reason = r.skipReason(ctx, c)
	}
	if reason != "" {
		result.Note = reason
	} else {
		done = r.find(ctx, c, &result)
		r.count(result)
	}
	r.failed[c.Text] = !done
	r.Results = append(r.Results, result)
	r.Report(result)
}

// errPartly is the error of a check that did its work, but not all that the line
// is about.
var errPartly = errors.New("not checked")

// find finds out what becomes of a line, and whether those that depend on it can
// be checked.
func (r *run) find(ctx context.Context, c check, result *Result) (done bool) {
	start := time.Now()
	note, err := c.do(ctx, c)
	result.Took, result.Note = time.Since(start), note
	if r.Ability == Traffic {
		result.StandIn = c.standIn
	}
	switch {
	case err == nil:
		result.Outcome = Passed
	case ctx.Err() != nil:
		result.Note = "interrupted"
		r.applyInterrupted = r.applyInterrupted || c.Text == lineApply
	case errors.Is(err, errPartly):
		result.Note = err.Error()
		return true
	case errors.Is(err, errCannotTell):
		result.Note = err.Error()
	default:
		result.Outcome, result.Note = Failed, err.Error()
		if known := new(hintedError); errors.As(err, known) {
			result.Hints = append(result.Hints, known.hints...)
		}
		r.explainFailure(ctx, c, result)
	}
	return result.Outcome == Passed
}

// count keeps in how many scenarios in succession a line failed.
func (r *run) count(result Result) {
	switch result.Outcome {
	case Failed:
		r.failures[result.Line]++
		r.gaveUp = r.FailFast
	case Passed:
		r.failures[result.Line] = 0
	case Skipped:
	}
}

// skipReason returns why a check cannot be performed, and nothing if it can.
func (r *run) skipReason(ctx context.Context, c check) string {
	if ctx.Err() != nil {
		return "interrupted"
	}
	if r.gaveUp && !c.cleanup {
		return "skipped: an earlier line failed"
	}
	if c.Needs > r.Ability {
		return r.Reason
	}
	if c.Text == lineApply && r.Impossible != "" {
		return r.Impossible
	}
	for _, line := range c.after {
		if r.failed[line] {
			return fmt.Sprintf("skipped: depends on %q", line)
		}
	}
	if r.failures[c.Text] >= enough {
		return fmt.Sprintf("skipped: failed in %d scenarios before", enough)
	}
	return ""
}
