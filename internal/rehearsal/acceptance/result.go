package acceptance

import (
	"slices"
	"time"
)

// A Line is one thing that is demanded of an installation.
type Line struct {
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
	Line    string // the text
	Outcome Outcome
	Took    time.Duration // until it held, or until the check gave up
	Limit   time.Duration // 0: no limit
	Note    string        // what was seen, or why it failed or was skipped
}

// AnyFailed reports whether a line failed. Lines that were skipped do not count.
func AnyFailed(results []Result) bool {
	return slices.ContainsFunc(results, func(r Result) bool { return r.Outcome == Failed })
}
