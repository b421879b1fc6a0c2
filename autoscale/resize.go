package autoscale

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"
)

// maxAttempts is how often one turn requests its resize.
const maxAttempts = 3

// firstWait is the shortest time between two attempts of a turn; it doubles.
const firstWait = time.Second

// maxReadingAge is how old the reading behind a resize may be. Only a disk or a
// log that stalls makes one older.
const maxReadingAge = 5 * time.Second

// act carries out what the policy wants, and settles the webhooks that it does
// not serve.
func (l *Loop) act(ctx, calls context.Context, d *Decision, target target) {
	if !d.Up.empty() {
		l.reportSettled(ctx, d, l.demand.settle(Down, ReasonSuperseded))
	}
	if l.cfg.Policy != nil {
		l.reportSettled(ctx, d, l.demand.settle(Down, ReasonOverruled))
	}
	if target.Webhooks != "" && !waits(target.Webhooks) {
		l.reportSettled(ctx, d, l.demand.settle(Up, target.Webhooks))
		l.reportSettled(ctx, d, l.demand.settle(Down, target.Webhooks))
	}
	if target.Halts && !l.cfg.DryRun {
		l.demand.halt(l.madeWith.settings())
		l.recordRolling(ctx, d)
	}
	switch {
	case target.Reason == ReasonNotReplaced:
		l.demand.cancelOwed()
		d.hold(target.Reason)
		l.reportSettled(ctx, d, l.demand.settle(Down, target.Reason))
	case target.Reason == ReasonTakenBack:
		d.hold(target.Reason) // its drain has ended
		l.demand.keepSurplus()
		l.reportSettled(ctx, d, l.demand.settle(Up, target.Reason))
	case target.Reason == ReasonNobodyServes:
		d.hold(target.Reason)
		l.reportSettled(ctx, d, l.demand.settle(Down, target.Reason))
	case target.waits():
		d.hold(target.Reason)
	case target.Size > d.Size:
		if target.Webhooks == "" {
			l.reportSettled(ctx, d, l.demand.settle(Down, ReasonAtMinimum))
		}
		l.resize(ctx, calls, d, Up, target)
	case target.Size < d.Size:
		if target.Webhooks == "" {
			l.reportSettled(ctx, d, l.demand.settle(Up, target.refusesUp()))
		}
		l.resize(ctx, calls, d, Down, target)
	default:
		d.hold(target.Reason)
		l.reportSettled(ctx, d, l.demand.settle(Up, target.Reason))
		l.reportSettled(ctx, d, l.demand.settle(Down, ReasonAtMinimum))
	}
}

// resize requests the target. After a temporary failure it tries again, but
// never on an old reading: it reads the pool again, and if the size has changed
// since the decision, the turn ends. Once an attempt got no clear answer its
// intent stays, whatever later ones return: it may yet be carried out.
func (l *Loop) resize(ctx, calls context.Context, d *Decision, direction Direction, target target) {
	d.To, d.Victims = target.Size, target.Victims
	next := intent{
		Direction: direction, From: d.From, To: d.To, Rolls: target.Reason == ReasonRollingChange,
		Replaces: slices.Contains([]Reason{ReasonRepair, ReasonBelowMinimum, ReasonPolicyUp}, target.Reason) ||
			target.Reason == ReasonSchedule && direction == Up,
	}
	if l.cfg.DryRun {
		d.Result, d.Reason = DryRun, target.Reason
		if next.serves() {
			l.reportSettled(ctx, d, l.demand.settle(direction, ReasonDryRun))
		}
		return
	}
	l.endDrains(ctx, calls, d.Victims)
	if !l.drained(ctx, calls, d) {
		d.To = d.From
		d.hold(ReasonDraining)
		return
	}
	l.unanswered = nil
	unclear := false // an attempt may have been carried out, or may yet be
	for attempt := 1; ; attempt++ {
		if !unclear {
			if err := l.saveIntent(ctx, next); err != nil {
				d.keep()
				d.fail(ReasonStateError, err)
				return
			}
			if !l.recheckStaleReading(ctx, calls, d) {
				l.demand.withdrawIntent()
				d.keep()
				return
			}
		}
		err := l.requestResize(calls, d)
		if errors.Is(err, errPaused) {
			l.holdPaused(d, unclear)
			return
		}
		if next.Replaces && direction == Down && !unclear && !nothingChanged(err) {
			l.repairs = append(l.repairs, l.readAt) // it may have been carried out
		}
		if err == nil {
			l.contention.recordResize(d.To)
			l.metrics.countEvictions(d.Victims)
			l.forgetDrains(d.Victims)
			l.metrics.size.WithLabelValues().Set(float64(d.To))
			d.Result, d.Reason, d.Error = Resized, target.Reason, ""
			l.reportSettled(ctx, d, l.demand.completeIntent(direction, target.Reason))
			return
		}
		switch {
		case unclear:
		case nothingChanged(err):
			l.demand.withdrawIntent()
		default:
			unclear = true
			l.unanswered = d.Victims
			l.contention.forgetSize()
		}
		how := "" // a key may lack the right to one of both
		if len(d.Victims) > 0 {
			how = " by eviction"
		}
		d.fail(reasonOf(err), fmt.Errorf("resize pool %s from %d to %d%s: %w", l.cfg.PoolName, d.From, d.To, how, err))
		if attempt == maxAttempts || !l.waitToRetry(ctx, calls, attempt, err) || !l.recheckAfterFailure(ctx, calls, d, unclear) {
			return
		}
	}
}

// holdPaused ends a turn in which a pause has prevented the resize.
func (l *Loop) holdPaused(d *Decision, unclear bool) {
	if pause, ok := l.Paused(); ok {
		d.Pause = &pause
	}
	d.hold(ReasonPaused)
	if !unclear {
		l.demand.withdrawIntent()
		d.keep()
	}
}

// Why a turn requests no resize.
var (
	errPaused = errors.New("paused")
	errDryRun = errors.New("a dry run resizes nothing")
)

// requestResize is the only caller of the pool's Resize and Evict. It checks for a pause
// again, which may have begun since the turn did. The intent is saved before
// that check: an operator who pauses is told about the resize, or it does not
// happen.
func (l *Loop) requestResize(ctx context.Context, d *Decision) error {
	if l.cfg.DryRun {
		return errDryRun
	}
	if _, paused := l.Paused(); paused {
		return errPaused
	}
	if len(d.Victims) == 0 {
		return l.pool.Resize(ctx, d.To)
	}
	ids := make([]string, len(d.Victims))
	for i, v := range d.Victims {
		ids[i] = v.ID
	}
	return l.pool.Evict(ctx, ids)
}

// waitToRetry reports whether the turn may request the resize again, after
// waiting until it may.
func (l *Loop) waitToRetry(ctx, calls context.Context, attempt int, err error) bool {
	var temporary interface{ RetryAfter() time.Duration }
	if !errors.As(err, &temporary) {
		return false
	}
	wait := firstWait << (attempt - 1)
	wait += rand.N(wait / 2) //nolint:gosec // spreads load, guards nothing
	wait = max(wait, temporary.RetryAfter())
	// Deadlines of contexts are times of the host's clock, not of Config.Clock.
	if deadline, ok := calls.Deadline(); ok && time.Until(deadline) <= wait {
		return false
	}
	l.cfg.Logger.LogAttrs(ctx, slog.LevelDebug, "resize failed, will read the pool and retry",
		l.attrs(slog.Duration("wait", wait), slog.Any("err", err))...)
	select {
	case <-ctx.Done():
		return false
	case <-calls.Done():
		return false
	case <-l.cfg.Clock.After(wait):
		return true
	}
}

// recheckAfterFailure reads the pool again, and reports whether it still has the
// size that the turn decided on and the policy still wants the same. Otherwise
// the turn has ended, and the decision says how. After an unclear attempt the
// same members have to go: if it is carried out yet, others would go as well. So
// do they if they had to drain first.
func (l *Loop) recheckAfterFailure(ctx, calls context.Context, d *Decision, unclear bool) bool {
	status, err := l.read(ctx, calls)
	if err != nil {
		d.Error += fmt.Sprintf("; read the pool again: %v", err)
		return false
	}
	l.recordReading(ctx, d, status)
	if status.State != StateRunning {
		return false // the next turn learns the outcome
	}
	if status.Size == d.From {
		target := l.stages.decide(l.observe(d))
		if same := sameMembers(target.Victims, d.Victims); target.Size != d.To || !same && (unclear || target.Halts || l.cfg.Drainer != nil) {
			return false
		} else if !same {
			d.Victims = target.Victims
		}
		return ctx.Err() == nil
	}
	settled, done := l.demand.resolveIntent(status.Size)
	l.reportSettled(ctx, d, settled)
	switch {
	case done:
		d.Result, d.Reason = Resized, ReasonConfirmed
		l.metrics.countEvictions(l.unanswered)
		l.unanswered = nil
		l.contention.recordResize(status.Size)
	default:
		d.Result, d.Reason = Held, ReasonSizeChanged
		l.recordForeignChange(ctx, d)
	}
	return false
}

// recheckStaleReading reads the pool again if the reading is old, and reports
// whether the decision still stands. Otherwise the turn has ended, and the
// decision says how.
func (l *Loop) recheckStaleReading(ctx, calls context.Context, d *Decision) bool {
	if l.cfg.Clock.Now().Sub(l.readAt) <= maxReadingAge {
		return true
	}
	status, err := l.read(ctx, calls)
	if err == nil {
		l.recordReading(ctx, d, status)
	}
	target := l.stages.decide(l.observe(d))
	same := sameMembers(target.Victims, d.Victims)
	switch {
	case ctx.Err() != nil:
		d.hold(ReasonStopping)
	case err != nil:
		d.fail(reasonOf(err), fmt.Errorf("read pool %s again: %w", l.cfg.PoolName, err))
	case status.Size != d.From:
		d.hold(ReasonSizeChanged)
		l.recordForeignChange(ctx, d)
	case status.State != StateRunning:
		d.hold(ReasonNotRunning)
	case target.Size != d.To, target.Halts && !same:
		d.hold(target.Reason)
	case same:
		return true
	case l.cfg.Drainer != nil:
		d.hold(ReasonDraining) // others go, and have not drained yet
	default:
		d.Victims = target.Victims
		return true
	}
	return false
}

// saveIntent saves the intent. A disk that fails prevents the resize only if its
// content could cause a second one.
func (l *Loop) saveIntent(ctx context.Context, next intent) error {
	next.At = l.cfg.Clock.Now()
	err := l.demand.saveIntent(next)
	if err == nil {
		return nil
	}
	l.reportStateError(ctx, err)
	if left := l.demand.removeStored(next.At); left != nil {
		return fmt.Errorf("save the resize of pool %s from %d to %d: %w", l.cfg.PoolName, next.From, next.To, errors.Join(err, left))
	}
	return nil
}
