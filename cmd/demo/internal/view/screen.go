package view

import "fmt"

const (
	maxScreenWidth = 110 // wider lines are hard to follow
	labelWidth     = 9
)

// A Screen draws the terminal view for a window of the given size.
type Screen struct {
	Width, Height int
	Style         Style
	Help          string // which keys there are, on the last line; empty for none
}

// Render returns at most Height lines of at most Width columns. What matters
// least is left out first: old events, then members, then the rest.
func (s Screen) Render(u Update) []string {
	s.Width = min(s.Width, maxScreenWidth)
	if u.Snapshot == nil {
		title := s.row().add(bold, " exopool demo").add(dim, "  starting").b.String()
		return s.fit(append([]string{title, ""}, s.events(u.Events, max(s.Height-2, 0))...))
	}
	snap := *u.Snapshot
	lines := []string{s.title(snap), s.awaited(snap), s.load(snap)}
	lines = append(lines, s.average(u)...)
	lines = append(lines, s.size(u))
	lines = append(lines, s.control(snap)...)
	lines = append(lines, "")

	free := max(s.Height-len(lines), 0)
	if s.Help != "" && free > 3 {
		free -= 2
	} else {
		s.Help = ""
	}
	members := s.members(snap, max(free-4, 1))
	lines = append(lines, members...)
	if free -= len(members); free > 2 {
		lines = append(append(lines, ""), s.events(u.Events, free-1)...)
	}
	if s.Help != "" {
		lines = append(lines, "", s.row().add(dim, " "+s.Help).b.String())
	}
	return s.fit(lines)
}

func (s Screen) fit(lines []string) []string {
	return lines[:min(len(lines), max(s.Height, 0))]
}

func (s Screen) row() *row { return &row{style: s.Style, left: s.Width} }

func (s Screen) labelled(label string) *row {
	return s.row().add(dim, fmt.Sprintf(" %-*s", labelWidth, label))
}

// gauge is how wide bars are: what a narrow window leaves beside the figures.
func (s Screen) gauge() int { return min(max(s.Width-64, 8), 40) }

func (s Screen) title(snap Snapshot) string {
	r := s.row().add(bold, " exopool demo").add(plain, "  ").add(cyan, string(snap.Phase)).
		add(plain, "  "+clockTime(snap.Seconds)).add(dim, fmt.Sprintf("  speed %gx", snap.Speed))
	if snap.Addresses.Page != "" {
		r.add(plain, "  ").add(bold, snap.Addresses.Page)
	}
	return r.b.String()
}

func (s Screen) awaited(snap Snapshot) string {
	if snap.Awaits == "" {
		return ""
	}
	return s.row().add(dim, " waiting for "+snap.Awaits).b.String()
}

func (s Screen) load(snap Snapshot) string {
	l := snap.Load
	r := s.labelled("load")
	share := 0.0
	if l.MaxClients > 0 {
		share = 100 * float64(l.Clients) / float64(l.MaxClients)
	}
	r.add(cyan, s.Style.bar(s.gauge(), share)).
		add(bold, fmt.Sprintf(" %3d", l.Clients)).add(plain, " clients  ").
		add(plain, fmt.Sprintf("%.1f req/s  p95 %.0f ms  ", l.RequestsPerSecond, l.P95Milliseconds))
	errors := plain
	if l.Errors > 0 {
		errors = red
	}
	return r.add(errors, fmt.Sprintf("%d lost", l.Errors)).add(dim, fmt.Sprintf(" of %d", l.Requests)).b.String()
}

func (s Screen) average(u Update) []string {
	snap := u.Snapshot
	high, low := snap.Settings.HighThreshold, snap.Settings.LowThreshold
	value, c := 0.0, dim
	if snap.AverageCPU != nil {
		value, c = *snap.AverageCPU, heat(*snap.AverageCPU, snap.Settings)
	}
	bar := s.labelled("average").
		add(c, s.Style.bar(s.gauge(), value, low, high)).
		add(bold, " "+percent(snap.AverageCPU)).
		add(dim, fmt.Sprintf("  marks at %.0f %% and %.0f %%", low, high))

	values := make([]*float64, 0, len(u.Points))
	for _, p := range u.Points {
		values = append(values, p.AverageCPU)
	}
	past := s.labelled("").add(c, s.Style.sparkline(sample(values, s.gauge()), 100))
	return []string{bar.b.String(), past.b.String()}
}

func (s Screen) size(u Update) string {
	snap := u.Snapshot
	values := make([]*float64, 0, len(u.Points))
	for _, p := range u.Points {
		values = append(values, new(float64(p.Healthy)))
	}
	line := s.Style.sparkline(sample(values, s.gauge()), float64(max(snap.Settings.Max, 1))+1)
	return s.labelled("size").add(green, fmt.Sprintf("%-*s", s.gauge(), line)).
		add(bold, fmt.Sprintf(" %d", snap.Pool.Healthy())).
		add(plain, fmt.Sprintf(" healthy, %d wanted", snap.Pool.Wanted)).
		add(dim, fmt.Sprintf("  from %d to %d", snap.Settings.Min, snap.Settings.Max)).b.String()
}

func (s Screen) control(snap Snapshot) []string {
	alerts := s.labelled("alerts").
		add(plain, "high ").add(alertColor(snap.Alerts.High), fmt.Sprintf("%-8s", snap.Alerts.High)).
		add(plain, "  low ").add(alertColor(snap.Alerts.Low), fmt.Sprintf("%-8s", snap.Alerts.Low)).
		add(dim, "  by "+snap.Settings.Alerting)
	up, down := s.Style.pick("▲", "up "), s.Style.pick("▼", "down ")
	scaler := s.labelled("scaler").
		add(plain, fmt.Sprintf("webhooks %s%d %s%d", up, snap.Webhooks.Up, down, snap.Webhooks.Down)).
		add(plain, fmt.Sprintf("  steps %s%d %s%d", up, snap.Steps.Up, down, snap.Steps.Down)).
		add(bold, fmt.Sprintf("  next turn in %.0f s", max(snap.NextTurn, 0))).
		add(dim, fmt.Sprintf("  %d API calls", snap.APICalls))
	return []string{alerts.b.String(), scaler.b.String()}
}

func (s Screen) members(snap Snapshot, room int) []string {
	shown, hidden := snap.Pool.Members, 0
	if len(shown) > room {
		hidden = len(shown) - room + 1
		shown = shown[:room-1]
	}
	lines := make([]string, 0, room)
	for _, m := range shown {
		value, c := 0.0, dim
		if m.CPU != nil {
			value, c = *m.CPU, heat(*m.CPU, snap.Settings)
		}
		sign, signColor := s.Style.pick("○", "o"), dim
		switch m.State {
		case MemberHealthy:
			sign, signColor = s.Style.pick("●", "*"), green
		case MemberUnhealthy:
			sign, signColor = s.Style.pick("●", "!"), red
		default:
		}
		lines = append(lines, s.row().add(signColor, " "+sign+" ").
			add(plain, fmt.Sprintf("%-16.16s %-15s ", m.Name, m.Address)).
			add(signColor, fmt.Sprintf("%-9s ", m.State)).
			add(c, s.Style.bar(min(s.gauge(), 20), value)).
			add(bold, " "+percent(m.CPU)).
			add(dim, "  "+clockTime(m.Age)).b.String())
	}
	if hidden > 0 {
		lines = append(lines, s.row().add(dim, fmt.Sprintf("   and %d more", hidden)).b.String())
	}
	return lines
}

// events shows the newest at the bottom, where a log grows.
func (s Screen) events(events []Event, room int) []string {
	events = events[max(0, len(events)-room):]
	lines := make([]string, 0, len(events))
	for _, e := range events {
		r := s.row().add(dim, fmt.Sprintf(" %6s ", clockTime(e.Seconds))).
			add(eventColor(e), fmt.Sprintf("%-9s", e.Kind)).add(plain, e.Text)
		if e.Reason != "" {
			r.add(dim, " ("+e.Reason+")")
		}
		lines = append(lines, r.b.String())
	}
	return lines
}

// sample thins values to at most width of them, evenly, keeping the newest.
func sample(values []*float64, width int) []*float64 {
	if len(values) <= width {
		return values
	}
	out := make([]*float64, width)
	for i := range out {
		out[i] = values[(i+1)*len(values)/width-1]
	}
	return out
}

func heat(cpu float64, set Settings) color {
	switch {
	case cpu > set.HighThreshold:
		return red
	case cpu < set.LowThreshold:
		return cyan
	}
	return green
}

func alertColor(s AlertState) color {
	switch s {
	case AlertFiring:
		return red
	case AlertPending:
		return yellow
	default:
		return dim
	}
}

func eventColor(e Event) color {
	switch e.Severity {
	case Good:
		return green
	case Warning:
		return yellow
	case Bad:
		return red
	default:
		return cyan
	}
}

func percent(v *float64) string {
	if v == nil {
		return "  -  "
	}
	return fmt.Sprintf("%3.0f %%", *v)
}

// clockTime writes seconds as minutes and seconds.
func clockTime(seconds float64) string {
	n := int(max(seconds, 0))
	return fmt.Sprintf("%d:%02d", n/60, n%60)
}
