package acceptance

import "time"

// An Outcome is what became of a line.
type Outcome int

// The outcomes.
const (
	Met Outcome = iota
	Broken
	Unchecked
)

// A Result is one line, judged.
type Result struct {
	Line    string // what is demanded
	Outcome Outcome
	Took    time.Duration // until it held, or until it was given up
	Limit   time.Duration // 0: what the line demands has no time limit
	Note    string        // what was seen, or why it does not hold or was not checked
}

// Passed reports whether no line is broken. Lines that could not be checked do
// not count: [Result.Outcome] tells them apart.
func Passed(results []Result) bool {
	for _, r := range results {
		if r.Outcome == Broken {
			return false
		}
	}
	return true
}
