package autoscale

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"
)

// maxAttempts is how often one turn asks for its resize.
const maxAttempts = 3

// firstWait is the shortest time between two attempts of a turn; it doubles.
const firstWait = time.Second

// maxReadingAge is how old a reading may be that a resize is asked for on. Only
// a disk or a log that stalls makes one as old.
const maxReadingAge = 5 * time.Second

// act carries out what the policy wants, and settles the webhooks that get
// nothing from it.
func (l *Loop) act(ctx, calls context.Context, d *Decision, target target) {
	if !d.Up.empty() {
		l.settle(ctx, d, l.demand.settled(Down, ReasonSuperseded))
	}
	switch {
	case target.Size > d.Size:
		l.settle(ctx, d, l.demand.settled(Down, ReasonAtMinimum))
		l.resize(ctx, calls, d, Up, target)
	case target.Size < d.Size:
		l.settle(ctx, d, l.demand.settled(Up, ReasonAtMaximum))
		l.resize(ctx, calls, d, Down, target)
	default:
		d.hold(target.Reason)
		l.settle(ctx, d, l.demand.settled(Up, target.Reason))
		l.settle(ctx, d, l.demand.settled(Down, ReasonAtMinimum))
	}
}

// resize asks for the target. An attempt that failed for a reason that may
// pass is repeated, but never on what was known before it: the pool is read
// again, and unless it still has the size that the target was decided on, the
// turn is over. Once an attempt got no clear answer its intent stays, whatever
// comes of later ones: it may yet be carried out.
func (l *Loop) resize(ctx, calls context.Context, d *Decision, direction Direction, target target) {
	d.To = target.Size
	if l.cfg.DryRun {
		d.Result, d.Reason = DryRun, target.Reason
		l.settle(ctx, d, l.demand.settled(direction, ReasonDryRun))
		return
	}
	unclear := false // an attempt may have been carried out, or may yet be
	for attempt := 1; ; attempt++ {
		if !unclear {
			if err := l.intend(ctx, direction, d.From, d.To); err != nil {
				d.To = d.From
				d.fail(ReasonStateError, err)
				return
			}
			if !l.upToDate(ctx, calls, d) {
				l.demand.withdraw()
				d.To = d.From
				return
			}
		}
		err := l.write(calls, d.To)
		if errors.Is(err, errPaused) {
			l.holdPaused(d, unclear)
			return
		}
		if err == nil {
			l.contention.resized(d.To)
			l.metrics.size.WithLabelValues().Set(float64(d.To))
			d.Result, d.Reason, d.Error = Resized, target.Reason, ""
			l.settle(ctx, d, l.demand.fulfilled(direction, target.Reason))
			return
		}
		switch {
		case unclear:
		case nothingChanged(err):
			l.demand.withdraw()
		default:
			unclear = true
			l.contention.forget()
		}
		d.fail(reasonOf(err), fmt.Errorf("resize pool %s from %d to %d: %w", l.cfg.PoolName, d.From, d.To, err))
		if attempt == maxAttempts || !l.mayRepeat(ctx, calls, attempt, err) || !l.stillUndone(ctx, calls, d) {
			return
		}
	}
}

// holdPaused ends a turn that a pause has kept from writing.
func (l *Loop) holdPaused(d *Decision, unclear bool) {
	if pause, ok := l.Paused(); ok {
		d.Pause = &pause
	}
	d.hold(ReasonPaused)
	if !unclear {
		l.demand.withdraw()
		d.To = d.From
	}
}

// Why a turn writes nothing.
var (
	errPaused = errors.New("paused")
	errDryRun = errors.New("a dry run writes nothing")
)

// write is the one way in which a turn changes the pool. It looks again for
// what forbids that: a pause may have come since the turn began. The intent is
// there before, so that whoever pauses is told of the resize, or there is none.
func (l *Loop) write(ctx context.Context, size int) error {
	if l.cfg.DryRun {
		return errDryRun
	}
	if _, paused := l.Paused(); paused {
		return errPaused
	}
	return l.pool.Resize(ctx, size)
}

// mayRepeat reports whether the turn may ask again, after it has waited for
// that.
func (l *Loop) mayRepeat(ctx, calls context.Context, attempt int, err error) bool {
	var passing interface{ RetryAfter() time.Duration }
	if !errors.As(err, &passing) {
		return false
	}
	wait := firstWait << (attempt - 1)
	wait += rand.N(wait / 2) //nolint:gosec // spreads load, guards nothing
	wait = max(wait, passing.RetryAfter())
	// Deadlines of contexts lie on the host's clock, whatever Config.Clock shows.
	if deadline, ok := calls.Deadline(); ok && time.Until(deadline) <= wait {
		return false
	}
	l.cfg.Logger.LogAttrs(ctx, slog.LevelDebug, "resize failed, will read the pool and ask again",
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

// stillUndone reads the pool again and reports whether it has the size that it
// had when the turn decided, and the policy still wants the same. Otherwise the
// decision tells how the turn has ended.
func (l *Loop) stillUndone(ctx, calls context.Context, d *Decision) bool {
	status, err := l.read(ctx, calls)
	if err != nil {
		d.Error += fmt.Sprintf("; read it again: %v", err)
		return false
	}
	l.note(d, status)
	if status.State != StateRunning {
		return false // the next turn finds out what came of it
	}
	if status.Size == d.From {
		return ctx.Err() == nil && l.policy.decide(d.observation()).Size == d.To
	}
	settled, done := l.demand.resolved(status.Size)
	l.settle(ctx, d, settled)
	switch {
	case done:
		d.Result, d.Reason = Resized, ReasonConfirmed
		l.contention.resized(status.Size)
	default:
		d.Result, d.Reason = Held, ReasonSizeChanged
		l.overtaken(ctx, d)
	}
	return false
}

// upToDate reads the pool again if the turn has read it long ago, and reports
// whether what it has decided still holds. Otherwise the decision tells how the
// turn has ended.
func (l *Loop) upToDate(ctx, calls context.Context, d *Decision) bool {
	if l.cfg.Clock.Now().Sub(l.readAt) <= maxReadingAge {
		return true
	}
	status, err := l.read(ctx, calls)
	if err == nil {
		l.note(d, status)
	}
	target := l.policy.decide(d.observation())
	switch {
	case ctx.Err() != nil:
		d.hold(ReasonStopping)
	case err != nil:
		d.fail(reasonOf(err), fmt.Errorf("read pool %s again: %w", l.cfg.PoolName, err))
	case status.Size != d.From:
		d.hold(ReasonSizeChanged)
		l.overtaken(ctx, d)
	case status.State != StateRunning:
		d.hold(ReasonNotRunning)
	case target.Size != d.To:
		d.hold(target.Reason)
	default:
		return true
	}
	return false
}

// intend writes the intent down. A disk that takes no writes stops the resize
// only if what it holds could cause a second one.
func (l *Loop) intend(ctx context.Context, direction Direction, from, to int) error {
	now := l.cfg.Clock.Now()
	err := l.demand.intend(direction, from, to, now)
	if err == nil {
		return nil
	}
	l.noteState(ctx, err)
	if left := l.demand.disown(now); left != nil {
		return fmt.Errorf("write down the resize of pool %s from %d to %d: %w", l.cfg.PoolName, from, to, errors.Join(err, left))
	}
	return nil
}
