package view

import (
	"fmt"
	"io"
	"strings"
)

// WriteTable writes the summary as a table: the four conditions with check
// marks, the figures, and every reason why the run did not pass.
func (s Summary) WriteTable(w io.Writer, style Style) error {
	var b strings.Builder
	b.WriteString("\n" + style.paint(bold, "The pool and the load") + "\n\n")
	for _, c := range s.conditions() {
		mark, tint := style.pick("✓", "ok"), green
		if c.failure != "" {
			mark, tint = style.pick("✗", "NO"), red
		}
		fmt.Fprintf(&b, "  %s  %-36s %s\n", style.paint(tint, fmt.Sprintf("%-2s", mark)), c.name, c.figure)
	}
	b.WriteString("\n")
	writeRows(&b, style, s.figures())
	b.WriteString("\n")
	if s.Passed != nil && *s.Passed {
		b.WriteString("  " + style.paint(green, "PASSED") + ": the pool followed the load.\n")
	} else {
		b.WriteString("  " + style.paint(red, "FAILED") + "\n")
		for _, f := range s.Failures {
			fmt.Fprintf(&b, "    - %s\n", style.printable(f))
		}
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write summary: %w", err)
	}
	return nil
}

// WriteFigures writes the figures of a run that is not judged, because the user
// drove the load.
func (s Summary) WriteFigures(w io.Writer, style Style) error {
	var b strings.Builder
	b.WriteString("\n" + style.paint(bold, "The pool and the load, driven by hand") + "\n\n")
	writeRows(&b, style, [][2]string{
		{"size of the pool", fmt.Sprintf("%d at first, %d at most, %d at last", s.StartSize, s.PeakSize, s.EndSize)},
		{"requests lost", fmt.Sprintf("%d of %d", s.RequestErrors, s.Requests)},
	})
	writeRows(&b, style, s.figures())
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write summary: %w", err)
	}
	return nil
}

func writeRows(b *strings.Builder, style Style, rows [][2]string) {
	for _, row := range rows {
		fmt.Fprintf(b, "      %s %s\n", style.paint(dim, fmt.Sprintf("%-36s", row[0])), row[1])
	}
}

func (s Summary) figures() [][2]string {
	rows := [][2]string{
		{"second member healthy after", measured(s.SecondsToSecondMember, "%.1f s of load")},
		{"webhooks", fmt.Sprintf("%d up, %d down", s.WebhooksUp, s.WebhooksDown)},
		{"steps", fmt.Sprintf("%d up, %d down", s.StepsUp, s.StepsDown)},
		{"average CPU before the pool grew", measured(s.AvgCPUBefore, "%.0f %%")},
		{"p95 latency before the pool grew", measured(s.P95MsBefore, "%.0f ms")},
		{"p95 latency after it grew", measured(s.P95MsAfter, "%.0f ms")},
		{"API calls", fmt.Sprintf("%d", s.APICalls)},
		{"alerts evaluated by", s.Alerting},
	}
	if s.BootAware > 0 {
		rows = append(rows, [2]string{"largest effect of booting members", s.bootAwareFigure()})
	}
	if h := s.Hill; h != nil {
		rows = append(rows,
			[2]string{"member-minutes", fmt.Sprintf("%.1f in %.0f minutes", h.MemberMinutes, h.Minutes)},
			[2]string{"average CPU over all that time", fmt.Sprintf("%.0f %%, above %.0f %% for %.0f %% of it", h.MeanCPU, s.HighThreshold, h.AbovePercent)},
		)
	}
	return append(rows, [2]string{"took", fmt.Sprintf("%.0f s at %gx speed", s.DurationSeconds, s.Speed)})
}

// bootAwareFigure shows what leaving out members that boot has changed.
func (s Summary) bootAwareFigure() string {
	if s.WidestSeen == nil || s.WidestPlain == nil {
		return "the same as over all members"
	}
	return fmt.Sprintf("%.0f %% without members that boot, %.0f %% over all", *s.WidestSeen, *s.WidestPlain)
}
