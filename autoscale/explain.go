package autoscale

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Explain returns the decision in words, a sentence a line: what was done and why,
// what was seen, what was wanted, what holds it back, and when the next change is
// possible.
func (d Decision) Explain() string {
	lines := []string{d.explainResult()}
	if d.State != "" {
		lines = append(lines, d.explainMembers())
	}
	if d.Bounds != nil && len(d.Bounds.Entries) > 0 {
		lines = append(lines, sentence(fmt.Sprintf("by the schedule it is %d to %d: %s", d.Bounds.Min, d.Bounds.Max, strings.Join(d.Bounds.Entries, ", "))))
	}
	if d.Budget != nil {
		lines = append(lines, sentence("budget: "+d.Budget.Text))
	}
	lines = append(lines, d.explainWish()...)
	for _, problem := range []struct{ what, err string }{
		{"the load, or a part of it, is not known", d.LoadError},
		{"the health of the members is not known", d.HealthError},
		{"how busy members are is not known", d.MeterError},
	} {
		if problem.err != "" {
			lines = append(lines, sentence(problem.what+": "+problem.err))
		}
	}
	if len(d.Candidates) > 1 {
		steps := make([]string, 0, len(d.Candidates))
		for _, c := range d.Candidates {
			steps = append(steps, fmt.Sprintf("%s %d (%s)", c.Stage, c.Size, c.Reason))
		}
		lines = append(lines, sentence("from what was wanted to what was decided: "+strings.Join(steps, ", ")))
	}
	lines = append(lines, d.explainVictims()...)
	if d.Up.Count+d.Down.Count > 0 {
		lines = append(lines, sentence(fmt.Sprintf("webhooks asked: %d for more, %d for fewer", d.Up.Count, d.Down.Count)))
	}
	if d.RollingChange != "" {
		lines = append(lines, sentence(fmt.Sprintf("a rolling change is %s, %d outdated members are left", d.RollingChange, d.Outdated)))
	}
	if d.Pause != nil {
		lines = append(lines, d.Pause.explain())
	}
	if !d.HeldUntil.IsZero() {
		lines = append(lines, sentence("guards hold this size until "+clockTime(d.HeldUntil)))
	}
	return strings.Join(append(lines, sentence("the next turn is at "+clockTime(d.NextTurn))), "\n")
}

// Headline returns the lines of [Decision.Explain] that say what was done and why,
// which stay true when later turns have come.
func (d Decision) Headline() string {
	return strings.Join(slices.Concat([]string{d.explainResult()}, d.explainWish(), d.explainVictims()), "\n")
}

// explainWish says what the policy wants, if one decides by the load.
func (d Decision) explainWish() []string {
	if d.Why == "" {
		return nil
	}
	return []string{sentence("policy " + d.Policy + ": " + d.Why)}
}

// explainVictims says who goes.
func (d Decision) explainVictims() []string {
	lines := make([]string, 0, len(d.Victims))
	for _, v := range d.Victims {
		lines = append(lines, sentence(fmt.Sprintf("%s goes, because it is %s", v.Name, v.Why)))
	}
	return lines
}

// explainResult says what was done, and why.
func (d Decision) explainResult() string {
	var did string
	switch d.Result {
	case Resized:
		did = fmt.Sprintf("the pool %s went from %d to %s", d.Pool, d.From, counted(d.To, "member", "members"))
	case DryRun:
		did = fmt.Sprintf("the pool %s would have gone from %d to %s, but this is a dry run", d.Pool, d.From, counted(d.To, "member", "members"))
	case Failed:
		did = fmt.Sprintf("the pool %s could not be read or resized", d.Pool)
	default:
		did = fmt.Sprintf("the pool %s stayed at %s", d.Pool, counted(d.From, "member", "members"))
	}
	said := fmt.Sprintf("turn %d at %s: %s: %s (%s)", d.Turn, clockTime(d.Time), did, meanings()[d.Reason], d.Reason)
	if d.Error != "" {
		said += ": " + d.Error
	}
	return sentence(said)
}

// explainMembers says what there is.
func (d Decision) explainMembers() string {
	var parts []string
	for _, c := range []struct {
		count     int
		one, more string
	}{
		{d.Conditions.Serving, "serves", "serve"},
		{d.Conditions.Starting, "starts", "start"},
		{d.Conditions.Unhealthy, "is unhealthy", "are unhealthy"},
		{d.Conditions.Failed, "has failed", "have failed"},
		{d.Conditions.Draining, "drains", "drain"},
		{d.Conditions.Leaving, "leaves", "leave"},
		{d.Conditions.Unknown, "is known by its id only", "are known by their ids only"},
	} {
		if c.count > 0 {
			parts = append(parts, counted(c.count, c.one, c.more))
		}
	}
	if len(parts) == 0 {
		parts = []string{"nobody exists"}
	}
	asked := counted(d.Size, "was asked for", "were asked for")
	return sentence(fmt.Sprintf("%s, of %d to %d: %s", asked, d.Minimum, d.Maximum, strings.Join(parts, ", ")))
}

// counted returns a number and the words for one or for more.
func counted(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

// explain says since when and why the loop is paused.
func (p Pause) explain() string {
	said := "an operator paused it at " + clockTime(p.Since)
	if !p.Until.IsZero() {
		said += " until " + clockTime(p.Until)
	}
	if p.Reason != "" {
		said += ": " + p.Reason
	}
	return sentence(said)
}

// sentence begins with a capital letter and ends with a full stop.
func sentence(text string) string {
	first, n := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + strings.TrimSuffix(text[n:], ".") + "."
}

// clockTime writes a time of the last hours.
func clockTime(t time.Time) string { return t.UTC().Format("15:04:05 UTC") }
