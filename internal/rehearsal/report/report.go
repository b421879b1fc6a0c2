package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/exopool/exopool/internal/rehearsal/acceptance"
)

// A Report is a verdict, and what it is about.
type Report struct {
	Folder   string // that was rehearsed
	Started  time.Time
	Took     time.Duration
	Versions []Version // of the programs that took part
	Machines string    // what instances were
	// StandIns are what stood in for something real in the whole run, such as
	// a template or a provider, each as a sentence.
	StandIns []string
	acceptance.Verdict
}

// A Version is that of a program.
type Version struct {
	Program string `json:"program"`
	Version string `json:"version"`
}

// Formats are the names of the formats that [Write] knows.
func Formats() []string { return []string{"json", "junit", "html"} }

// Write writes a report in a format.
func Write(w io.Writer, format string, r Report) error {
	write, known := map[string]func(io.Writer, Report) error{"json": writeJSON, "junit": writeJUnit, "html": writeHTML}[format]
	if !known {
		return fmt.Errorf("report: there is no format %q", format)
	}
	if err := write(w, printable(r)); err != nil {
		return fmt.Errorf("report as %s: %w", format, err)
	}
	return nil
}

// printable returns a report whose texts have no control characters: notes quote
// what programs print.
func printable(r Report) Report {
	r.Results = slices.Clone(r.Results)
	for i := range r.Results {
		l := &r.Results[i]
		l.Note, l.StandIn, l.Hints = plain(l.Note), plain(l.StandIn), plainAll(l.Hints)
	}
	r.Advice = slices.Clone(r.Advice)
	for i := range r.Advice {
		a := &r.Advice[i]
		a.Seen, a.Hints = plain(a.Seen), plainAll(a.Hints)
	}
	return r
}

func plainAll(texts []string) []string {
	all := make([]string, 0, len(texts))
	for _, t := range texts {
		all = append(all, plain(t))
	}
	return all
}

func plain(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
}

// A scenario is a group of results.
type scenario struct {
	Sprint   int
	Name     string
	Optional bool
	Results  []acceptance.Result
}

// scenarios groups results that follow each other.
func scenarios(results []acceptance.Result) []scenario {
	var groups []scenario
	for _, r := range results {
		if n := len(groups); n == 0 || groups[n-1].Sprint != r.Sprint || groups[n-1].Name != r.Scenario {
			groups = append(groups, scenario{Sprint: r.Sprint, Name: r.Scenario, Optional: true})
		}
		last := &groups[len(groups)-1]
		last.Results = append(last.Results, r)
		last.Optional = last.Optional && r.Optional
	}
	return groups
}

// Title names a scenario for people.
func (s scenario) Title() string {
	title := s.Name
	if s.Sprint > 0 {
		title = fmt.Sprintf("Sprint %d: %s", s.Sprint, s.Name)
	}
	if s.Optional {
		title += " (optional)"
	}
	return title
}

func (s scenario) took() (sum time.Duration) {
	for _, r := range s.Results {
		sum += r.Took
	}
	return sum
}

// counts are how many lines came out how.
type counts struct {
	Passed         int `json:"passed"`
	Failed         int `json:"failed"`          // those that count
	OptionalFailed int `json:"optional_failed"` // those that do not
	Skipped        int `json:"skipped"`
}

func count(results []acceptance.Result) (c counts) {
	for _, r := range results {
		switch {
		case r.Outcome == acceptance.Passed:
			c.Passed++
		case r.Outcome == acceptance.Skipped:
			c.Skipped++
		case r.Optional:
			c.OptionalFailed++
		default:
			c.Failed++
		}
	}
	return c
}

// outcome is the name of an outcome in files.
func outcome(o acceptance.Outcome) string {
	switch o {
	case acceptance.Passed:
		return "passed"
	case acceptance.Failed:
		return "failed"
	case acceptance.Skipped:
	}
	return "skipped"
}
