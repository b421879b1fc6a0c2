package report

import (
	"encoding/json"
	"io"
	"math"
	"time"

	"github.com/exopool/exopool/internal/rehearsal/acceptance"
)

// formatVersion changes when a reader of an earlier one would go wrong: a key
// has another meaning, or is gone. New keys do not change it.
const formatVersion = 1

type document struct {
	FormatVersion int          `json:"format_version"`
	Passed        bool         `json:"passed"`
	Folder        string       `json:"folder"`
	Started       time.Time    `json:"started"`
	TookSeconds   float64      `json:"took_seconds"`
	Versions      []Version    `json:"versions"`
	Machines      string       `json:"machines"`
	StandIns      []string     `json:"stand_ins"`
	Counts        counts       `json:"counts"`
	Lines         []lineView   `json:"lines"`
	Advice        []adviceView `json:"advice"`
}

type lineView struct {
	Sprint       int      `json:"sprint"` // 0: of no sprint
	Scenario     string   `json:"scenario"`
	Optional     bool     `json:"optional"`
	Line         string   `json:"line"`
	Outcome      string   `json:"outcome"` // passed, failed or skipped
	TookSeconds  float64  `json:"took_seconds"`
	LimitSeconds float64  `json:"limit_seconds"` // 0: none
	Note         string   `json:"note"`
	Hints        []string `json:"hints"`
	StandIn      string   `json:"stand_in"`
}

type adviceView struct {
	Text  string   `json:"text"`
	Seen  string   `json:"seen"`
	Hints []string `json:"hints"`
}

// writeJSON writes all keys always, and lists that are never null.
func writeJSON(w io.Writer, r Report) error {
	d := document{
		FormatVersion: formatVersion, Passed: !r.Failed(), Folder: r.Folder, Started: r.Started.UTC().Truncate(time.Second), TookSeconds: seconds(r.Took),
		Versions: list(r.Versions), Machines: r.Machines, StandIns: list(r.StandIns), Counts: count(r.Results),
		Lines: make([]lineView, 0, len(r.Results)), Advice: make([]adviceView, 0, len(r.Advice)),
	}
	for _, l := range r.Results {
		d.Lines = append(d.Lines, view(l))
	}
	for _, a := range r.Advice {
		d.Advice = append(d.Advice, adviceView{a.Text, a.Seen, list(a.Hints)})
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(d)
}

func view(l acceptance.Result) lineView {
	return lineView{
		Sprint: l.Sprint, Scenario: l.Scenario, Optional: l.Optional, Line: l.Line, Outcome: outcome(l.Outcome),
		TookSeconds: seconds(l.Took), LimitSeconds: seconds(l.Limit), Note: l.Note, Hints: list(l.Hints), StandIn: l.StandIn,
	}
}

// seconds are rounded to thousandths.
func seconds(d time.Duration) float64 { return math.Round(d.Seconds()*1000) / 1000 }

func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}
