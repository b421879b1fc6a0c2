package system

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/cmd/demo/internal/view"
)

const (
	// publishInterval is how often the views get a new snapshot.
	publishInterval = 200 * time.Millisecond
	// recent is the time over which rate and latency of requests are measured.
	recent = 2 * time.Second
)

// An observer reads the state of all parts of a system, and publishes it with
// what has happened since the last reading.
type observer struct {
	system  *System
	started time.Time

	mu       sync.Mutex
	phase    view.Phase
	load     loadRecord
	troubles troubles // only for publish
	latest   view.Snapshot
	webhooks view.Counts
	steps    view.Counts
	seen     int                      // turn of the last decision that was published
	nextTurn time.Time                // of the autoscaler
	members  map[string]*memberRecord // by name
	alerts   view.Alerts              // as published
}

func newObserver(s *System, started time.Time) *observer {
	o := &observer{
		system: s, started: started, phase: view.PhaseStarting,
		members: map[string]*memberRecord{},
		alerts:  view.Alerts{High: view.AlertInactive, Low: view.AlertInactive},
	}
	o.troubles = troubles{emit: o.emit, failed: map[string]string{}}
	return o
}

// run publishes until ctx ends, then once more what there was at last, and closes
// the hub.
func (o *observer) run(ctx context.Context) error {
	tick := time.NewTicker(publishInterval)
	defer tick.Stop()
	for {
		o.publish(ctx)
		select {
		case <-ctx.Done():
			if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
				o.emit(view.Event{Kind: view.KindError, Severity: view.Bad, Text: cause.Error()})
			}
			o.publish(context.WithoutCancel(ctx))
			o.system.hub.Close()
			return nil
		case <-tick.C:
		}
	}
}

// publish reads everything once.
func (o *observer) publish(ctx context.Context) {
	now := time.Now()
	health := o.system.health()
	cpu, err := o.system.monitor.Members(ctx)
	o.troubles.report(ctx, "CPU use of the members", err)
	stats := o.system.traffic.Stats()
	window := o.system.traffic.Window(now.Add(-recent), now)
	average, known, err := o.system.monitor.Average(ctx)
	o.troubles.report(ctx, "average CPU", err)
	o.mu.Lock()
	defer o.mu.Unlock()
	members := o.memberList(now, health, cpu)
	o.emitLoad(now)
	o.emitMembers(members)
	o.emitDecisions(o.system.loop.Decisions())
	o.emitAlerts(o.system.alerting.states())
	s := view.Snapshot{
		Seconds:  now.Sub(o.started).Seconds(),
		Phase:    o.phase,
		Speed:    o.system.times.Speed,
		Settings: o.system.settings(),
		Load: view.Load{
			Clients:           o.system.traffic.Clients(),
			MaxClients:        o.system.cfg.Clients,
			Requests:          stats.Requests,
			Errors:            stats.Errors,
			RequestsPerSecond: float64(window.Requests) / recent.Seconds(),
			P95Milliseconds:   milliseconds(window.P95),
		},
		Pool:      view.Pool{Wanted: o.system.wanted(), Members: members},
		Alerts:    o.alerts,
		Webhooks:  o.webhooks,
		Steps:     o.steps,
		NextTurn:  max(o.nextTurn.Sub(now), 0).Seconds(),
		APICalls:  o.system.cloud.API().Calls().Total,
		Addresses: o.system.addresses(),
	}
	if known && err == nil {
		s.AverageCPU = &average
	}
	s.Pool.Load, s.Pool.Forecast = o.demand()
	s.PlainCPU = plainAverage(cpu)
	s.Awaits = view.Awaited(s)
	o.latest = s
	o.system.hub.Publish(s)
}

// demand returns what the policy knows of the load, in members, of now and to come.
func (o *observer) demand() (load, forecast *float64) {
	decisions := o.system.loop.Decisions()
	if len(decisions) == 0 {
		return nil, nil
	}
	last := decisions[len(decisions)-1]
	if last.Load != nil {
		load = &last.Load.Members
	}
	if f := last.Forecast; f != nil {
		need := max(f.Members+f.Margin, 0)
		forecast = &need
	}
	return load, forecast
}

// A memberRecord is what is remembered of a member.
type memberRecord struct {
	since   time.Time
	state   view.MemberState // as published
	healthy bool             // at some time
}

// member returns the record of a member, a new one for a new member.
func (o *observer) member(name string, now time.Time) *memberRecord {
	known := o.members[name]
	if known == nil {
		known = &memberRecord{since: now}
		o.members[name] = known
	}
	return known
}

// emitMembers emits an event for every member that has changed.
func (o *observer) emitMembers(members []view.Member) {
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

// emitDecisions emits an event for every new decision.
func (o *observer) emitDecisions(decisions []autoscale.Decision) {
	for _, d := range decisions {
		if d.Turn <= o.seen {
			continue
		}
		o.seen = d.Turn
		o.nextTurn = d.Time.Add(o.system.times.Turn)
		if d.Reason == autoscale.ReasonNoDemand || d.Reason == autoscale.ReasonAsWanted {
			continue
		}
		e := view.Event{Kind: view.KindDecision, Reason: string(d.Reason)}
		switch {
		case d.Result == autoscale.Failed:
			e.Severity, e.Text = view.Bad, "autoscaler: "+d.Error
		case d.To > d.From:
			o.steps.Up += d.To - d.From
			e.Direction, e.Text = view.Up, fmt.Sprintf("autoscaler: resized from %d to %d", d.From, d.To)
		case d.To < d.From:
			o.steps.Down += d.From - d.To
			e.Direction, e.Text = view.Down, fmt.Sprintf("autoscaler: resized from %d to %d", d.From, d.To)
		default:
			e.Text = fmt.Sprintf("autoscaler: stays at %d", d.Size)
		}
		if d.Why != "" && d.To != d.From {
			e.Text += ": " + d.Why
		}
		o.emit(e)
	}
}

// emitAlerts emits an event for every alert that has changed.
func (o *observer) emitAlerts(now view.Alerts) {
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

// addWebhook counts a webhook that the alerting delivered, or failed to.
func (o *observer) addWebhook(direction string, err error) {
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

// setPhase sets the phase of the snapshots that follow.
func (o *observer) setPhase(phase view.Phase) {
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
	o.system.hub.Emit(e)
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
