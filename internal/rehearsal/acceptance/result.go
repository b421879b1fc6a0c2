package acceptance

import (
	"slices"
	"time"
)

// A Line is one thing that is demanded of an installation.
type Line struct {
	Sprint   int    // 1 to 3; 0: of no sprint
	Scenario string // lines of a scenario follow each other
	Optional bool   // does not count in the verdict

	Text  string
	Limit time.Duration // within which it has to hold, in the real world; 0: no limit
	Needs Ability       // of machines, to check it
}

// An Outcome is what became of a line.
type Outcome int

// The outcomes.
const (
	Passed Outcome = iota
	Failed
	Skipped
)

// A Result is the result of one line.
type Result struct {
	Sprint   int
	Scenario string
	Optional bool

	Line    string // the text
	Outcome Outcome
	Took    time.Duration // until it held, or until the check gave up
	Limit   time.Duration // 0: no limit
	Note    string        // what was seen, or why it failed or was skipped
	Hints   []string      // what to do about a failure
	// StandIn says what only the stand-in for a real machine has done; empty
	// when machines execute their user-data.
	StandIn string
}

// A hintedError is one of which it is known what to do about it.
type hintedError struct {
	error

	hints []string
}

func (e hintedError) Unwrap() error { return e.error }

// WithHints returns the error of an [Installer] with what to do about it.
func WithHints(err error, hints ...string) error {
	if len(hints) == 0 {
		return err
	}
	return hintedError{err, hints}
}

// An Advice is something that the course's checker does not look at, and that is
// not as it should be.
type Advice struct {
	Text  string // what should be
	Seen  string // instead
	Hints []string
}

// A Verdict is all that a rehearsal has found out.
type Verdict struct {
	Results []Result
	Advice  []Advice
}

// Failed reports whether a line failed that is not optional. Lines that were
// skipped do not count.
func (v Verdict) Failed() bool {
	return slices.ContainsFunc(v.Results, func(r Result) bool { return r.Outcome == Failed && !r.Optional })
}
