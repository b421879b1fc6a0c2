package view

import (
	"fmt"
	"strings"
)

// logLines is the view for logs: a line for each event, and now and then one
// with the state of everything.
type logLines struct {
	style      Style
	nextStatus float64 // seconds since the start
	lastPhase  Phase
}

// render returns what an update adds.
func (l *logLines) render(u Update) []string {
	var out []string
	for _, e := range u.Events {
		text := e.Text
		if e.Reason != "" {
			text += " (" + e.Reason + ")"
		}
		out = append(out, l.line(e.Seconds, string(e.Kind), text))
	}
	if s := u.Snapshot; s != nil && (s.Seconds >= l.nextStatus || s.Phase != l.lastPhase) {
		l.nextStatus, l.lastPhase = s.Seconds+statusInterval(s.Speed), s.Phase
		out = append(out, l.line(s.Seconds, "status", status(*s)))
	}
	return out
}

func (l *logLines) line(seconds float64, kind, text string) string {
	return fmt.Sprintf("%7.1fs  %-8s  %s", seconds, kind, l.style.printable(text))
}

// statusInterval returns a minute at the speed of the demo, within sensible
// limits.
func statusInterval(speed float64) float64 {
	if !(speed > 0) {
		speed = 1
	}
	return min(max(60/speed, 2), 15)
}

func status(s Snapshot) string {
	cpu := "unknown"
	if s.AverageCPU != nil {
		cpu = fmt.Sprintf("%.0f %%", *s.AverageCPU)
	}
	parts := []string{
		string(s.Phase) + ": cpu " + cpu,
		fmt.Sprintf("%d of %d members healthy", s.Pool.Healthy(), s.Pool.Wanted),
		fmt.Sprintf("%d clients", s.Load.Clients),
		fmt.Sprintf("%.1f req/s", s.Load.RequestsPerSecond),
		fmt.Sprintf("p95 %.0f ms", s.Load.P95Milliseconds),
		fmt.Sprintf("%d of %d requests lost", s.Load.Errors, s.Load.Requests),
		fmt.Sprintf("webhooks %d up %d down", s.Webhooks.Up, s.Webhooks.Down),
		fmt.Sprintf("next turn in %.0f s", max(s.NextTurn, 0)),
	}
	if s.Awaits != "" {
		parts = append(parts, "waiting for "+s.Awaits)
	}
	return strings.Join(parts, ", ")
}
