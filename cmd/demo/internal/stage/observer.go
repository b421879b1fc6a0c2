package stage

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/cmd/demo/internal/view"
)

// publishInterval is how often a person sees news.
const publishInterval = 200 * time.Millisecond

// recent is the span that "now" means for requests.
const recent = 2 * time.Second

// An observer looks at all parts of a stage and tells the hub how they stand
// and what has happened since it last looked.
type observer struct {
	stage   *Stage
	started time.Time

	mu       sync.Mutex
	phase    view.Phase
	latest   view.Snapshot
	webhooks view.Counts
	steps    view.Counts
	seen     int                      // decisions told
	nextTurn time.Time                // of the autoscaler
	members  map[string]*acquaintance // by name
	alerts   view.Alerts              // as told
}

func newObserver(s *Stage, started time.Time) *observer {
	return &observer{
		stage: s, started: started, phase: view.PhaseStarting,
		members: map[string]*acquaintance{},
		alerts:  view.Alerts{High: view.AlertInactive, Low: view.AlertInactive},
	}
}

func (o *observer) run(ctx context.Context) error {
	tick := time.NewTicker(publishInterval)
	defer tick.Stop()
	for {
		o.look(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (o *observer) look(ctx context.Context) {
	now := time.Now()
	health := o.stage.health()
	cpu, err := o.stage.monitor.Members(ctx)
	o.trouble(ctx, err)
	stats := o.stage.player.Stats()
	window := o.stage.player.Window(now.Add(-recent), now)
	average, known, err := o.stage.monitor.Average(ctx)
	o.trouble(ctx, err)
	o.mu.Lock()
	defer o.mu.Unlock()
	members := o.memberList(now, health, cpu)
	o.tellMembers(members)
	o.tellDecisions(o.stage.loop.Decisions())
	o.tellAlerts(o.stage.alerting.states())
	s := view.Snapshot{
		Seconds:  now.Sub(o.started).Seconds(),
		Phase:    o.phase,
		Speed:    o.stage.times.Speed,
		Settings: o.stage.settings(),
		Load: view.Load{
			Clients:           o.stage.player.Clients(),
			MaxClients:        o.stage.cfg.Clients,
			Requests:          stats.Requests,
			Errors:            stats.Errors,
			RequestsPerSecond: float64(window.Requests) / recent.Seconds(),
			P95Milliseconds:   milliseconds(window.P95),
		},
		Pool:      view.Pool{Wanted: o.stage.wanted(), Members: members},
		Alerts:    o.alerts,
		Webhooks:  o.webhooks,
		Steps:     o.steps,
		NextTurn:  max(o.nextTurn.Sub(now), 0).Seconds(),
		APICalls:  o.stage.cloud.Calls().Total,
		Addresses: o.stage.addresses(),
	}
	if known && err == nil {
		s.AverageCPU = &average
	}
	s.PlainCPU = plainAverage(cpu)
	o.latest = s
	o.stage.hub.Publish(s)
}

// trouble tells of a query that did not work, unless everything is stopping.
func (o *observer) trouble(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		o.emit(view.Event{Kind: view.KindError, Severity: view.Warning, Text: err.Error()})
	}
}

// An acquaintance is a member that was seen before.
type acquaintance struct {
	since   time.Time
	state   view.MemberState // as told
	healthy bool             // at some time
}

// meet returns what is known of a member.
func (o *observer) meet(name string, now time.Time) *acquaintance {
	known := o.members[name]
	if known == nil {
		known = &acquaintance{since: now}
		o.members[name] = known
	}
	return known
}

// tellMembers tells what has changed since members were last told.
func (o *observer) tellMembers(members []view.Member) {
	gone := maps.Clone(o.members)
	for _, m := range members {
		delete(gone, m.Name)
		known := o.members[m.Name]
		if known.state == m.State {
			continue
		}
		known.state = m.State
		known.healthy = known.healthy || m.State == view.MemberHealthy
		severity := view.Info
		switch m.State {
		case view.MemberHealthy:
			severity = view.Good
		case view.MemberUnhealthy:
			severity = view.Warning
		default:
		}
		o.emit(view.Event{
			Kind: view.KindMember, Severity: severity,
			Text: fmt.Sprintf("%s (%s) is %s", m.Name, m.Address, m.State),
		})
	}
	for name := range gone {
		delete(o.members, name)
		o.emit(view.Event{Kind: view.KindMember, Text: name + " is gone"})
	}
}

// tellDecisions tells the decisions of turns that have not been told.
func (o *observer) tellDecisions(decisions []autoscale.Decision) {
	for _, d := range decisions {
		if d.Turn <= o.seen {
			continue
		}
		o.seen = d.Turn
		o.nextTurn = d.Time.Add(o.stage.times.Turn)
		if d.Reason == autoscale.ReasonNoDemand {
			continue
		}
		e := view.Event{Kind: view.KindDecision, Reason: string(d.Reason)}
		switch {
		case d.Result == autoscale.Failed:
			e.Severity, e.Text = view.Bad, "autoscaler: "+d.Error
		case d.To > d.From:
			o.steps.Up++
			e.Direction, e.Text = view.Up, fmt.Sprintf("autoscaler: resized from %d to %d", d.From, d.To)
		case d.To < d.From:
			o.steps.Down++
			e.Direction, e.Text = view.Down, fmt.Sprintf("autoscaler: resized from %d to %d", d.From, d.To)
		default:
			e.Text = fmt.Sprintf("autoscaler: stays at %d", d.Size)
		}
		o.emit(e)
	}
}

func (o *observer) tellAlerts(now view.Alerts) {
	for _, a := range []struct {
		name     string
		was, is  view.AlertState
		severity view.Severity
	}{
		{"CPU high", o.alerts.High, now.High, view.Warning},
		{"CPU low", o.alerts.Low, now.Low, view.Info},
	} {
		if a.was == a.is || a.is == view.AlertUnknown || (a.was == view.AlertUnknown && a.is == view.AlertInactive) {
			continue
		}
		if a.is == view.AlertInactive {
			a.severity = view.Info
		}
		o.emit(view.Event{Kind: view.KindAlert, Severity: a.severity, Text: fmt.Sprintf("alert %s is %s", a.name, a.is)})
	}
	o.alerts = now
}

// webhook notes that the alerting delivered a webhook, or tried to.
func (o *observer) webhook(direction string, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	e := view.Event{Kind: view.KindWebhook, Direction: view.Direction(direction), Text: "webhook on /" + direction}
	switch {
	case err != nil:
		e.Severity, e.Text = view.Bad, fmt.Sprintf("webhook on /%s: %v", direction, err)
	case e.Direction == view.Up:
		o.webhooks.Up++
	default:
		o.webhooks.Down++
	}
	o.emit(e)
}

// clients notes that the number of clients changed.
func (o *observer) clients(n int) {
	text := fmt.Sprintf("%d clients ask in parallel", n)
	if n == 0 {
		text = "no client asks any more"
	}
	o.emit(view.Event{Kind: view.KindLoad, Text: text})
}

// enter notes that another part of the story begins.
func (o *observer) enter(phase view.Phase) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.phase = phase
}

func (o *observer) snapshot() view.Snapshot {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.latest
}

// emit adds the time to an event and passes it on.
func (o *observer) emit(e view.Event) {
	e.Seconds = time.Since(o.started).Seconds()
	if e.Severity == "" {
		e.Severity = view.Info
	}
	o.stage.hub.Emit(e)
}

// plainAverage returns the average over all members that are measured, nil
// when none is.
func plainAverage(cpu map[string]float64) *float64 {
	if len(cpu) == 0 {
		return nil
	}
	sum := 0.0
	for _, percent := range cpu {
		sum += percent
	}
	sum /= float64(len(cpu))
	return &sum
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
