package report

import (
	_ "embed" // the page
	"fmt"
	"html/template"
	"io"
	"slices"
	"time"

	"github.com/exopool/exopool/internal/rehearsal/acceptance"
)

//go:embed page.html
var page string

// writeHTML writes a page that needs nothing else: no scripts, no fonts, no
// network.
func writeHTML(w io.Writer, r Report) error {
	t, err := template.New("page").Funcs(template.FuncMap{"outcome": outcome, "mark": mark, "duration": duration, "took": took}).Parse(page)
	if err != nil {
		return err
	}
	return t.Execute(w, struct {
		Report

		Counts    counts
		Scenarios []scenario
		Date      string
		StoodIn   bool // some lines hold for the stand-in machines only
	}{
		r, count(r.Results), scenarios(r.Results), r.Started.Format("2 January 2006, 15:04 MST"),
		slices.ContainsFunc(r.Results, func(l acceptance.Result) bool { return l.StandIn != "" }),
	})
}

func mark(o acceptance.Outcome) string {
	switch o {
	case acceptance.Passed:
		return "✓"
	case acceptance.Failed:
		return "✗"
	case acceptance.Skipped:
	}
	return "–"
}

// took returns how long a line took and had, if that is of interest.
func took(l acceptance.Result) string {
	switch {
	case l.Outcome == acceptance.Skipped || l.Limit == 0 && l.Took < time.Second:
		return ""
	case l.Limit == 0:
		return duration(l.Took)
	}
	return duration(l.Took) + " of " + duration(l.Limit)
}

// duration writes a time for people.
func duration(d time.Duration) string {
	switch {
	case d < time.Second:
		return "< 1 s"
	case d < time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	d = d.Round(time.Second)
	if d%time.Minute == 0 {
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
}
