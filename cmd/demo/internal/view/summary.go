package view

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
)

// A Summary is the result of a run. Durations are wall-clock seconds, CPU
// figures are percent of the members' CPU on average, latencies are
// milliseconds; a nil figure was never measured.
type Summary struct {
	// Passed and Failures are set by Judge; they are nil, null in JSON, for a run
	// that was not judged because the user drove the load.
	Passed   *bool    `json:"passed"`
	Failures []string `json:"failures"`
	ByHand   bool     `json:"by_hand"` // the user drove the load

	StartSize int `json:"start_size"`
	PeakSize  int `json:"peak_size"`
	EndSize   int `json:"end_size"`
	MinSize   int `json:"min_size"` // what the pool should shrink to

	// SecondsToSecondMember is from the start of the load until a second
	// member was healthy.
	SecondsToSecondMember *float64 `json:"seconds_to_second_member"`

	WebhooksUp   int `json:"webhooks_up"`
	WebhooksDown int `json:"webhooks_down"`
	StepsUp      int `json:"steps_up"`
	StepsDown    int `json:"steps_down"`

	Requests      int      `json:"requests"`
	RequestErrors int      `json:"request_errors"`
	P95MsBefore   *float64 `json:"p95_ms_before"` // under load, before the pool grew
	P95MsAfter    *float64 `json:"p95_ms_after"`  // under the same load, after it grew

	AvgCPUBefore  *float64 `json:"avg_cpu_before"`  // the highest under load, before the pool grew
	AvgCPUAtPeak  *float64 `json:"avg_cpu_at_peak"` // of the grown pool under the same load
	HighThreshold float64  `json:"high_threshold"`  // what AvgCPUAtPeak should be below

	// Hill is nil unless the clients came and went in a fixed time.
	Hill *HillSummary `json:"hill,omitempty"`

	// BootAware is the age, in wall-clock seconds, below which members did not
	// count in the average; 0 means that all did. The other two are the average
	// that the alerts saw, and that over all members, when they differed most.
	BootAware   float64  `json:"boot_aware"`
	WidestSeen  *float64 `json:"widest_seen"`
	WidestPlain *float64 `json:"widest_plain"`

	APICalls        int     `json:"api_calls"`
	Alerting        string  `json:"alerting"` // "rules", or "grafana 10.0.0"
	Speed           float64 `json:"speed"`
	DurationSeconds float64 `json:"duration_seconds"`
}

// A HillSummary is what policies are compared by, over the same load in the same
// time. Minutes are those of a real installation.
type HillSummary struct {
	Minutes       float64 `json:"minutes"`        // from the first client until long after the last
	MemberMinutes float64 `json:"member_minutes"` // of all that existed meanwhile
	MeanCPU       float64 `json:"mean_cpu"`
	AbovePercent  float64 `json:"above_percent"` // of the time with an average CPU above the high threshold
}

// A condition is one thing that a run must show.
type condition struct {
	name    string
	figure  string
	failure string // empty when it holds
}

func (s Summary) conditions() []condition {
	grew := condition{name: "pool grew", figure: fmt.Sprintf("from %d to %d", s.StartSize, s.PeakSize)}
	if s.PeakSize <= s.StartSize {
		grew.failure = fmt.Sprintf("the pool did not grow: it started with %d and never had more than %d", s.StartSize, s.PeakSize)
	}

	relieved := condition{
		name:   fmt.Sprintf("average CPU came back under %.0f %%", s.HighThreshold),
		figure: measured(floor(s.AvgCPUAtPeak), "%.0f %%"), // never rounded up to the threshold
	}
	switch {
	case s.AvgCPUAtPeak == nil:
		relieved.failure = "the average CPU under load was never measured"
	case !(*s.AvgCPUAtPeak < s.HighThreshold):
		relieved.failure = fmt.Sprintf("the average CPU stayed at %.1f %%, not under %.0f %%", *s.AvgCPUAtPeak, s.HighThreshold)
	}

	served := condition{name: "no request was lost", figure: fmt.Sprintf("%d of %d", s.RequestErrors, s.Requests)}
	switch {
	case s.Requests == 0:
		served.failure = "no request was sent"
	case s.RequestErrors > 0:
		served.failure = fmt.Sprintf("%d of %d requests were lost", s.RequestErrors, s.Requests)
	}

	shrank := condition{name: "pool shrank to its minimum", figure: fmt.Sprintf("%d, minimum %d", s.EndSize, s.MinSize)}
	if s.EndSize != s.MinSize {
		shrank.failure = fmt.Sprintf("the pool ended with %d members, its minimum size is %d", s.EndSize, s.MinSize)
	}
	return []condition{grew, relieved, served, shrank}
}

// Check returns one sentence for each of the four conditions that the run did
// not meet: the pool grew; the average CPU came back under the high threshold;
// no request was lost, and there were some; the pool shrank to its minimum.
func (s Summary) Check() []string {
	failures := []string{}
	for _, c := range s.conditions() {
		if c.failure != "" {
			failures = append(failures, c.failure)
		}
	}
	return failures
}

// Judge sets Passed and Failures from what Check finds, after the failures
// that the caller adds: its own reasons why the run does not count.
func (s *Summary) Judge(others ...string) {
	s.Failures = append(append([]string{}, others...), s.Check()...)
	passed := len(s.Failures) == 0
	s.Passed = &passed
}

// WriteJSON writes the summary as one indented JSON object.
func (s Summary) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	if err := enc.Encode(s); err != nil {
		return fmt.Errorf("write summary: %w", err)
	}
	return nil
}

// floor returns the whole part of a figure.
func floor(v *float64) *float64 {
	if v == nil {
		return nil
	}
	whole := math.Floor(*v)
	return &whole
}

// measured formats a figure, or says that there is none.
func measured(v *float64, format string) string {
	if v == nil {
		return "not measured"
	}
	return fmt.Sprintf(format, *v)
}
