package acceptance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Lines returns all lines in the order in which they are checked.
func Lines() []Line {
	r := &run{}
	checks := slices.Concat(r.installed(), r.destroy())
	lines := make([]Line, 0, len(checks))
	for _, c := range checks {
		lines = append(lines, c.Line)
	}
	return lines
}

// Run applies the installation, checks it and destroys it. It returns one
// result for each line, in the order of the lines.
//
// It destroys also when ctx ends before; lines that were not checked by then
// are Skipped. The end of cleanup cuts the destruction short.
func Run(ctx, cleanup context.Context, cfg Config) (Verdict, error) {
	if err := cfg.validate(); err != nil {
		return Verdict{}, fmt.Errorf("configure the rehearsal: %w", err)
	}
	r := &run{Config: cfg.withDefaults(), before: cfg.Cloud.Inventory(), failed: map[string]bool{}, stopLoad: func() {}}
	for _, c := range r.installed() {
		r.perform(ctx, c)
	}
	r.stopLoad()
	for _, c := range r.destroy() {
		r.perform(cleanup, c)
	}
	return r.Verdict, nil
}

// A check finds out whether a line holds.
type check struct {
	Line

	after []string       // lines that this one depends on
	about func() Subject // nil: nothing that could be diagnosed
	// do returns what was seen.
	do func(ctx context.Context, c check) (note string, err error)
}

// installed returns the checks that apply the installation and use it.
func (r *run) installed() []check {
	return slices.Concat(r.apply(), r.resources(), r.health(), r.monitoring(), r.replacement(), r.scaling())
}

// A run is one rehearsal in progress.
type run struct {
	Config
	Verdict

	before           map[string][]string // inventory of the account
	failed           map[string]bool     // lines that do not hold, or were not checked
	applyInterrupted bool

	membership membership // as last seen
	minimum    int        // members before the load
	load       Load       // nil before there is one
	stopLoad   func()
}

// errCannotTell is the error of a check that would need another installation.
var errCannotTell = errors.New("cannot be seen here")

// perform performs a check, unless there is a reason to skip it.
func (r *run) perform(ctx context.Context, c check) {
	c.Limit = r.scaled(c.Limit)
	result := Result{Line: c.Text, Outcome: Skipped, Limit: c.Limit}
	if reason := r.skipReason(ctx, c); reason != "" {
		result.Note = reason
	} else {
		start := time.Now()
		note, err := c.do(ctx, c)
		result.Took, result.Note = time.Since(start), note
		switch {
		case err == nil:
			result.Outcome = Passed
		case ctx.Err() != nil:
			result.Note = "interrupted"
			r.applyInterrupted = r.applyInterrupted || c.Text == lineApply
		case errors.Is(err, errCannotTell):
			result.Note = err.Error()
		default:
			result.Outcome, result.Note = Failed, err.Error()
			r.explainFailure(ctx, c, &result)
		}
	}
	r.failed[c.Text] = result.Outcome != Passed
	r.Results = append(r.Results, result)
	r.Report(result)
}

// explainFailure adds what is known about the cause.
func (r *run) explainFailure(ctx context.Context, c check, result *Result) {
	if c.about == nil {
		return
	}
	d := r.diagnose(ctx, c.about())
	if d.Cause != "" {
		result.Note += ": " + d.Cause
	}
	result.Hints = d.Hints
}

// skipReason returns why a check cannot be performed, and nothing if it can.
func (r *run) skipReason(ctx context.Context, c check) string {
	if ctx.Err() != nil {
		return "interrupted"
	}
	if c.Needs > r.Ability {
		return r.Reason
	}
	for _, line := range c.after {
		if r.failed[line] {
			return fmt.Sprintf("skipped: depends on %q", line)
		}
	}
	return ""
}

// A probe reports whether a condition holds, and what was seen.
type probe func(context.Context) (holds bool, seen string)

// eventually returns a check that the condition holds within the line's limit.
func (r *run) eventually(condition probe) func(context.Context, check) (string, error) {
	return func(ctx context.Context, c check) (string, error) {
		start := time.Now()
		return r.await(ctx, c, func() time.Time { return start }, condition)
	}
}

// await polls until the condition holds, at most until the line's limit,
// counted from since. The error says what was seen last.
func (r *run) await(ctx context.Context, c check, since func() time.Time, condition probe) (note string, err error) {
	ticker := time.NewTicker(r.Poll)
	defer ticker.Stop()
	for {
		holds, seen := condition(ctx)
		passed := time.Since(since())
		switch {
		case ctx.Err() != nil:
			return seen, ctx.Err()
		case holds:
			return seen, nil
		case passed >= c.Limit:
			return "", fmt.Errorf("timed out after %s: %s", c.Limit, seen)
		}
		r.Progress(c.Text, seen, passed, c.Limit)
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
}
