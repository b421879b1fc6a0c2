package main

import (
	"fmt"
	"io"
	"time"

	"github.com/exopool/exopool/internal/progress"
	"github.com/exopool/exopool/internal/rehearsal/acceptance"
	"github.com/exopool/exopool/internal/rehearsal/report"
)

// A checkProgress prints how a rehearsal goes, line by line.
type checkProgress struct {
	to   io.Writer
	wait func(what string, limit time.Duration) *progress.Wait

	heading string // of the scenario
	skipped string // why the last line was skipped; empty: it was not

	line    string         // that is waited for; empty: none
	waiting *progress.Wait // for it
}

// result prints the result of a line.
func (p *checkProgress) result(r acceptance.Result) {
	p.end()
	if h := heading(r); h != p.heading {
		p.heading, p.skipped = h, ""
		fmt.Fprintf(p.to, "\n%s\n", h)
	}
	fmt.Fprintf(p.to, "%s %s", mark(r.Outcome), r.Line)
	if r.Outcome != acceptance.Skipped {
		fmt.Fprint(p.to, took(r))
		p.skipped = ""
	}
	switch {
	case r.Outcome == acceptance.Skipped && r.Note == p.skipped: // said already
	case r.Note != "":
		fmt.Fprint(p.to, ": "+r.Note)
	}
	if r.Outcome == acceptance.Skipped {
		p.skipped = r.Note
	}
	fmt.Fprintln(p.to)
	if r.StandIn != "" {
		fmt.Fprintf(p.to, "    %s\n", r.StandIn)
	}
	printHints(p.to, r.Hints)
}

// heading is that of a line's scenario.
func heading(r acceptance.Result) string {
	text := r.Scenario
	if r.Sprint > 0 {
		text = fmt.Sprintf("Sprint %d: %s", r.Sprint, r.Scenario)
	}
	if r.Optional {
		text += " (optional)"
	}
	return text
}

func mark(o acceptance.Outcome) string {
	return map[acceptance.Outcome]string{acceptance.Passed: "✓", acceptance.Failed: "✗", acceptance.Skipped: "–"}[o]
}

func printHints(to io.Writer, hints []string) {
	for _, hint := range hints {
		fmt.Fprintf(to, "    → %s\n", hint)
	}
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

// see says what is waited for, and what is seen of it.
func (p *checkProgress) see(line, seen string, _, limit time.Duration) {
	if line != p.line {
		p.end()
		p.line, p.waiting = line, p.wait(line, limit)
	}
	p.waiting.See(seen)
}

// end says that nothing is waited for.
func (p *checkProgress) end() {
	if p.line != "" {
		p.waiting.End()
		p.line = ""
	}
}

// sumUp prints what is not said line by line, and the verdict.
func sumUp(to io.Writer, r report.Report) {
	if len(r.Advice) > 0 {
		fmt.Fprint(to, "\nAdvice, on what the course's checker does not look at:\n")
	}
	for _, a := range r.Advice {
		fmt.Fprintf(to, "• %s: %s\n", a.Text, a.Seen)
		printHints(to, a.Hints)
	}
	if len(r.StandIns) > 0 {
		fmt.Fprint(to, "\nStand-ins in this rehearsal:\n")
	}
	for _, s := range r.StandIns {
		fmt.Fprintf(to, "• %s\n", s)
	}
	count, optional := map[acceptance.Outcome]int{}, 0
	for _, l := range r.Results {
		count[l.Outcome]++
		if l.Optional && l.Outcome == acceptance.Failed {
			optional++
		}
	}
	fmt.Fprintf(to, "\n%d lines hold, %d do not, %d could not be checked.\n",
		count[acceptance.Passed], count[acceptance.Failed], count[acceptance.Skipped])
	if optional > 0 {
		fmt.Fprintf(to, "%d of those that do not hold are optional and do not count.\n", optional)
	}
}
