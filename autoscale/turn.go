package autoscale

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
)

// RunOnce takes one turn and returns its record, which is also logged, counted
// and kept for [Loop.Decisions]. It returns no error: what went wrong is in
// the record. Once ctx has ended it begins no further API call.
func (l *Loop) RunOnce(ctx context.Context) Decision {
	l.turnMu.Lock()
	defer l.turnMu.Unlock()
	l.turns++
	began := l.cfg.Clock.Now()
	d := Decision{
		Time: began.UTC(), NextTurn: began.Add(l.cfg.Interval).UTC(), Turn: l.turns, Pool: l.cfg.PoolName, Zone: l.cfg.Zone,
		Minimum: l.cfg.Min, Maximum: l.cfg.Max, Step: l.cfg.Step, DryRun: l.cfg.DryRun,
	}
	calls, done := l.turnContext(ctx)
	defer done()

	l.takeTurn(ctx, calls, &d)
	l.reportStateError(ctx, l.demand.flush())

	d.DurationSeconds = max(l.cfg.Clock.Now().Sub(began), 0).Seconds()
	d.log(ctx, l.cfg.Logger)
	l.metrics.countDecision(d)
	l.history.add(d)
	if l.cfg.Decided != nil {
		l.cfg.Decided(d)
	}
	return d
}

// turnContext returns the context for the API calls of one turn. It outlives
// ctx by the grace period, so that a call in flight can finish.
func (l *Loop) turnContext(ctx context.Context) (context.Context, context.CancelFunc) {
	calls, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.cfg.Timeout)
	unhook := context.AfterFunc(ctx, func() {
		select {
		case <-calls.Done():
		case <-l.cfg.Clock.After(l.cfg.Grace):
			cancel()
		}
	})
	return calls, func() { unhook(); cancel() }
}

// takeTurn reads the pool, decides and resizes. The decision d collects what
// happens.
func (l *Loop) takeTurn(ctx, calls context.Context, d *Decision) {
	l.measure(ctx, calls, d)
	if ctx.Err() != nil {
		d.Up, d.Down = l.demand.pending()
		d.hold(ReasonStopping)
		return
	}
	status, err := l.read(ctx, calls)
	now := l.cfg.Clock.Now()
	if err != nil && ctx.Err() != nil {
		d.Up, d.Down = l.demand.pending()
		d.hold(ReasonStopping)
		return
	}
	l.recordAPIResult(err)
	if err != nil {
		gone := errors.Is(err, ErrPoolNotFound)
		l.madeWith.mayBeAnother = l.madeWith.mayBeAnother || gone
		d.Up, d.Down = l.demand.pending()
		l.reportSettled(ctx, d, l.demand.expire(now, gone))
		d.fail(reasonOf(err), fmt.Errorf("read pool %s: %w", l.cfg.PoolName, err))
		return
	}
	l.recordReading(ctx, d, status)
	d.From, d.To = status.Size, status.Size
	l.reportStateError(ctx, l.account.save())

	settled, done := l.demand.claim(now, status)
	l.reportSettled(ctx, d, settled)
	if done {
		l.metrics.countEvictions(l.unanswered)
		l.unanswered = nil
	}
	l.demand.reviewOwed(status, l.observe(d).Max)
	l.recordRolling(ctx, d)
	d.Up, d.Down = l.demand.claimed()
	l.recordLoad(ctx, calls, d)
	l.recordPast(ctx, d)
	if pause, ok := l.pause.current(now); ok {
		d.Pause = &pause
		l.contention = contention{} // during a pause others may resize the pool
		l.metrics.contended.Set(0)
		l.endDrains(ctx, calls, nil)
		d.hold(ReasonPaused)
		return
	}
	l.reportStateError(ctx, l.pause.expire(now))
	l.checkContention(ctx, d)
	l.decide(ctx, calls, d)
}

// decide asks the stages, and acts on its answer if that is possible now.
func (l *Loop) decide(ctx, calls context.Context, d *Decision) {
	seen := l.observe(d)
	seen.trace = &d.Candidates
	if l.cfg.Policy != nil {
		observed := seen.withoutSurplus().observation()
		wish := l.cfg.Policy.Decide(seen.Memory, observed)
		d.Policy, d.Why, d.Forecast = l.cfg.Policy.Name(), wish.Why, wish.Forecast
		d.Seen, d.Wanted = &observed, wish.Size
		l.metrics.policy.setWish(wish)
	}
	target := l.stages.decide(seen)
	d.HeldUntil = target.Until.UTC()
	known := d.HealthError == "" || target.Reason == ReasonTakenBack // a reading that lacks health ends no drain
	if len(target.Victims) == 0 && d.State == StateRunning && !l.contention.active() && known {
		l.endDrains(ctx, calls, nil)
	}
	idle := d.Up.empty() && d.Down.empty() && target.Size == d.Size && target.Reason != ReasonNotReplaced
	switch {
	case l.contention.active() && !l.cfg.DryRun:
		d.hold(ReasonContended)
	case idle && len(d.Settled) > 0:
		d.hold(d.Settled[0].Reason)
	case idle:
		d.hold(target.Reason)
	case d.State != StateRunning:
		d.hold(ReasonNotRunning)
	case ctx.Err() != nil:
		d.hold(ReasonStopping)
	default:
		l.act(ctx, calls, d, target)
	}
}

// read reads the pool. Unlike a resize it ends with ctx at once: a program that
// stops has no use for a reading.
func (l *Loop) read(ctx, calls context.Context) (Status, error) {
	reading, cancel := context.WithCancel(calls)
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	return l.pool.Status(reading)
}

// recordReading takes a reading of the pool.
func (l *Loop) recordReading(ctx context.Context, d *Decision, status Status) {
	l.readAt = l.cfg.Clock.Now()
	before := l.roster.blown()
	if l.madeWith.forgetOther(status) {
		l.demand.forgetOwed()
		l.starts.forget()
		l.cfg.Logger.LogAttrs(ctx, slog.LevelWarn, "none of its members is known: this is another pool by the same name", l.attrs()...)
	}
	if l.madeWith.observe(status, l.readAt) {
		l.roster.forgive() // starts with other settings say nothing of these
	}
	l.reportStateError(ctx, l.madeWith.save())
	l.members = l.roster.observe(status, l.readAt)
	l.markDraining(l.members, l.roster.missing, l.readAt)
	d.Measured = l.markMeasured(l.members)
	d.Size, d.Members, d.State = status.Size, len(status.Members), status.State
	d.Outdated = countOutdated(status.Members)
	d.Conditions, d.FuseBlown, d.HealthError = countConditions(l.members), l.roster.blown(), ""
	if status.HealthErr != nil {
		d.HealthError = status.HealthErr.Error()
	}
	l.metrics.setStatus(status, d.Conditions, d.FuseBlown)
	l.recordBounds(ctx, d)
	l.reportStateError(ctx, l.starts.save())
	l.recordBudget(ctx, d)
	l.metrics.setBounds(l.bounds.Min, max(min(l.bounds.Max, l.most), l.bounds.Min))
	switch {
	case d.FuseBlown && !before:
		l.cfg.Logger.LogAttrs(ctx, slog.LevelWarn, "new members do not become healthy: the pool does not grow until one does",
			l.attrs(slog.Int("failed", d.Conditions.Failed), slog.Duration("start_timeout", l.cfg.StartTimeout))...)
	case before && !d.FuseBlown:
		l.cfg.Logger.LogAttrs(ctx, slog.LevelInfo, "the pool may grow again: a new member is healthy, those that failed are long gone, or it has other settings", l.attrs()...)
	}
}

// observe returns what stages know of the turn.
func (l *Loop) observe(d *Decision) situation {
	seen := situation{
		Size: d.Size, Up: !d.Up.empty(), Down: !d.Down.empty(),
		Min: l.bounds.Min, Floor: l.bounds.Min > d.Minimum, Max: l.bounds.Max, Ceiling: l.bounds.Max < d.Maximum,
		Rest: Observation{
			Time: l.readAt, Interval: l.cfg.Interval,
			Serving: d.Conditions.Serving, Starting: d.Conditions.Starting, Failed: d.Conditions.Failed,
			Load: l.load, LoadErr: l.loadErr, StartTime: l.starts.longest(),
		},
		Members: l.members, Memory: l.memory.now, Past: l.past.now,
		AwaitsMissing: l.roster.awaitsMissing(l.readAt), HealthUnknown: d.HealthError != "", FuseBlown: d.FuseBlown,
		Owed: l.demand.owed(), MayRepair: l.mayRepair(), Halted: l.demand.halted(l.madeWith.settings()),
	}
	return seen.withBudget(l.most, l.phase)
}

// recordPast remembers for guards what is wanted now, and the size. What is owed is
// part of it: a repair and a rolling change are no changes.
func (l *Loop) recordPast(ctx context.Context, d *Decision) {
	if l.cfg.Guards == (Guards{}) {
		return
	}
	seen := l.observe(d)
	seen.Size += seen.Owed
	wish := newAsked(l.cfg).decide(seen).Size
	l.past.observe(l.readAt, seen.Size, min(max(wish, 0), MaxSize))
	l.reportStateError(ctx, l.past.save())
}

// reportSettled counts and logs what became of webhooks, before the next write
// removes them from the disk: if the program dies in between, they are reported
// twice rather than never.
func (l *Loop) reportSettled(ctx context.Context, d *Decision, settled []Settled) {
	d.Settled = append(d.Settled, settled...)
	for _, s := range settled {
		l.metrics.settled.WithLabelValues(string(s.Direction), string(s.Reason)).Add(float64(s.Webhooks.Count))
		l.cfg.Logger.LogAttrs(ctx, slog.LevelInfo, "webhooks settled", l.attrs(
			slog.Int("turn", d.Turn),
			slog.String("direction", string(s.Direction)), slog.String("reason", string(s.Reason)),
			slog.Int("webhooks", s.Webhooks.Count),
			slog.Time("first", s.Webhooks.First), slog.Time("last", s.Webhooks.Last))...)
	}
}
