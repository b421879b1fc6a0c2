package main

import (
	"fmt"
	"io"
	"time"

	"github.com/exopool/exopool/internal/rehearsal/acceptance"
)

const (
	// silence is how long nothing is said about what is waited for.
	silence = 10 * time.Second
	// again is how long the same is not said again.
	again = time.Minute
)

// A narrator tells of a rehearsal, line by line.
type narrator struct {
	to   io.Writer
	line string // told of last
	seen string
	told time.Duration
}

// report tells the result of a line.
func (n *narrator) report(r acceptance.Result) {
	mark := map[acceptance.Outcome]string{acceptance.Passed: "✓", acceptance.Failed: "✗", acceptance.Skipped: "–"}[r.Outcome]
	fmt.Fprintf(n.to, "%s %s", mark, r.Line)
	if r.Outcome != acceptance.Skipped {
		fmt.Fprint(n.to, took(r))
	}
	if r.Note != "" {
		fmt.Fprint(n.to, ": "+r.Note)
	}
	fmt.Fprintln(n.to)
}

// took tells how long a line took, if that is worth telling.
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

// progress tells what is waited for, now and then.
func (n *narrator) progress(line, seen string, since, limit time.Duration) {
	if line != n.line {
		n.line, n.seen, n.told = line, "", 0
	}
	if since < n.told+silence || seen == n.seen && since < n.told+again {
		return
	}
	n.seen, n.told = seen, since
	fmt.Fprintf(n.to, "  … %s, %s of at most %s: %s\n", line, short(since), short(limit), seen)
}

// sumUp tells how many lines hold.
func (p program) sumUp(results []acceptance.Result) {
	count := map[acceptance.Outcome]int{}
	for _, r := range results {
		count[r.Outcome]++
	}
	fmt.Fprintf(p.stdout, "\n%d lines hold, %d do not, %d could not be checked.\n",
		count[acceptance.Passed], count[acceptance.Failed], count[acceptance.Skipped])
}
