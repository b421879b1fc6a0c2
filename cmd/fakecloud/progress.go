package main

import (
	"fmt"
	"io"
	"time"

	"github.com/exopool/exopool/internal/rehearsal/acceptance"
)

const (
	// progressInterval is the least time between two lines about what is waited for.
	progressInterval = 10 * time.Second
	// repeatInterval is the least time until the same line is printed again.
	repeatInterval = time.Minute
)

// A progress prints how a rehearsal goes, line by line.
type progress struct {
	to io.Writer

	// What was printed last about waiting.
	line    string
	seen    string
	printed time.Duration
}

// result prints the result of a line.
func (p *progress) result(r acceptance.Result) {
	mark := map[acceptance.Outcome]string{acceptance.Passed: "✓", acceptance.Failed: "✗", acceptance.Skipped: "–"}[r.Outcome]
	fmt.Fprintf(p.to, "%s %s", mark, r.Line)
	if r.Outcome != acceptance.Skipped {
		fmt.Fprint(p.to, took(r))
	}
	if r.Note != "" {
		fmt.Fprint(p.to, ": "+r.Note)
	}
	fmt.Fprintln(p.to)
}

// took returns how long a line took, if that is of interest.
func took(r acceptance.Result) string {
	switch {
	case r.Limit > 0:
		return fmt.Sprintf(" (%s of %s)", short(r.Took), short(r.Limit))
	case r.Took >= time.Second:
		return fmt.Sprintf(" (%s)", short(r.Took))
	}
	return ""
}

// short writes a duration to a tenth of a second, or to a second when it is
// long.
func short(d time.Duration) string {
	if d >= time.Minute {
		return d.Round(time.Second).String()
	}
	return d.Round(100 * time.Millisecond).String()
}

// waiting prints what is waited for, now and then.
func (p *progress) waiting(line, seen string, since, limit time.Duration) {
	if line != p.line {
		p.line, p.seen, p.printed = line, "", 0
	}
	if since < p.printed+progressInterval || seen == p.seen && since < p.printed+repeatInterval {
		return
	}
	p.seen, p.printed = seen, since
	fmt.Fprintf(p.to, "  … %s, %s of at most %s: %s\n", line, short(since), short(limit), seen)
}

// sumUp prints how many lines hold.
func (p program) sumUp(results []acceptance.Result) {
	count := map[acceptance.Outcome]int{}
	for _, r := range results {
		count[r.Outcome]++
	}
	fmt.Fprintf(p.stdout, "\n%d lines hold, %d do not, %d could not be checked.\n",
		count[acceptance.Passed], count[acceptance.Failed], count[acceptance.Skipped])
}
