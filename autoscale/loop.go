package autoscale

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/exopool/exopool/internal/config"
	"github.com/exopool/exopool/internal/lograte"
)

// A Loop resizes one pool, by at most one step a turn.
//
//	wait for the next turn ──▶ read pool ──▶ claim demand ──▶ decide ──▶ resize
//	         ▲                     │ error        │ none         │ hold     │
//	         └─────────────────────┴──────────────┴──────────────┴──────────┘
//
// [Loop.Run] knows only waiting and stopping; [Loop.RunOnce] takes one turn.
type Loop struct {
	cfg     Config
	policy  policy
	demand  *Demand
	pause   *pauseState
	metrics *metrics
	history history
	pool    guarded
	// stateLogs is for what each webhook says again while the disk fails.
	stateLogs *slog.Logger

	turn       sync.Mutex // held by the turn in progress
	turns      int
	readAt     time.Time // when the turn in progress has read the pool
	contention contention
	resumed    atomic.Bool // the next turn forgets what it knows of contention

	mu      sync.Mutex // guards what Ready reads
	contact time.Time  // when the API was last reached
	trouble error      // why not since; nil after a success
}

// New checks the settings and reads the demand that an earlier run left
// behind. The error names every setting that is wrong, and the remedy.
func New(cfg Config) (*Loop, error) {
	cfg = cfg.withDefaults()
	err := cfg.Validate()
	if cfg.Pool == nil {
		err = errors.Join(&config.Error{Field: "Pool", Problem: "is missing", Remedy: "set it"}, err)
	}
	if err != nil {
		return nil, err
	}
	pool, now := cfg.Zone+"/"+cfg.PoolName, cfg.Clock.Now()
	demand, err := OpenDemand(cfg.StateDir, pool, cfg.Expiry, now, cfg.Logger)
	if err != nil {
		return nil, err
	}
	pause, err := openPause(cfg.StateDir, pool, now, cfg.Logger)
	if err != nil {
		return nil, err
	}
	m, err := newMetrics(cfg, demand, pause)
	if err != nil {
		return nil, err
	}
	return &Loop{
		cfg: cfg, policy: newPolicy(cfg.Step, cfg.Min, cfg.Max), demand: demand, pause: pause, metrics: m,
		pool:      guarded{pool: cfg.Pool, clock: cfg.Clock, metrics: m},
		stateLogs: lograte.Logger(cfg.Logger, logInterval),
	}, nil
}

// Run takes turns on a fixed grid, one each interval, until ctx ends. Then it
// lets the API call in flight finish, for the grace period at most, and
// returns nil.
//
// The first turn comes at once, unless an earlier run asked for a resize less
// than an interval ago: a program that crashes again and again must not scale
// faster than one that runs. Then the pool is only read at once. A slow turn does not shift the grid; turns that
// were missed are left out, not made up for.
func (l *Loop) Run(ctx context.Context) error {
	next := l.cfg.Clock.Now()
	if last := l.demand.lastResize(); !last.IsZero() {
		if earliest := last.Add(l.cfg.Interval); earliest.After(next) {
			next = earliest
			l.look(ctx)
		}
	}
	for {
		if !l.wait(ctx, next) {
			return nil
		}
		l.RunOnce(ctx)
		next = following(next, l.cfg.Clock.Now(), l.cfg.Interval)
	}
}

// look reads the pool for [Loop.Ready] only, which need not wait for a first
// turn that is put off.
func (l *Loop) look(ctx context.Context) {
	l.turn.Lock()
	defer l.turn.Unlock()
	calls, cancel := context.WithTimeout(ctx, l.cfg.Timeout)
	defer cancel()
	status, err := l.pool.Status(calls)
	if ctx.Err() != nil {
		return
	}
	l.noteContact(err)
	if err != nil {
		l.cfg.Logger.LogAttrs(ctx, slog.LevelError, "pool cannot be read, trying again in the first turn", l.attrs(slog.Any("err", err))...)
		return
	}
	l.metrics.read(status)
}

// wait returns true once next is reached, or an interval has passed since the
// clock may have been set back, and false when ctx ends before.
func (l *Loop) wait(ctx context.Context, next time.Time) bool {
	if wait := min(next.Sub(l.cfg.Clock.Now()), l.cfg.Interval); wait > 0 {
		select {
		case <-ctx.Done():
		case <-l.cfg.Clock.After(wait):
		}
	}
	return ctx.Err() == nil
}

// following returns the first point after now of the grid on which last lies.
// It is at most one interval away: if the clock was set back, the grid starts
// anew from now.
func following(last, now time.Time, interval time.Duration) time.Time {
	next := last.Add(interval)
	if late := now.Sub(next); late >= 0 {
		return now.Add(interval - late%interval)
	}
	if next.Sub(now) > interval {
		return now.Add(interval)
	}
	return next
}

// RunOnce takes one turn and returns its record, which is also logged, counted
// and kept for [Loop.Decisions]. It never fails as such: what went wrong is in
// the record. Once ctx has ended it begins no further API call.
func (l *Loop) RunOnce(ctx context.Context) Decision {
	l.turn.Lock()
	defer l.turn.Unlock()
	l.turns++
	began := l.cfg.Clock.Now()
	d := Decision{
		Time: began.UTC(), Turn: l.turns, Pool: l.cfg.PoolName, Zone: l.cfg.Zone,
		Minimum: l.cfg.Min, Maximum: l.cfg.Max, Step: l.cfg.Step, DryRun: l.cfg.DryRun,
	}
	calls, done := l.turnContext(ctx)
	defer done()

	l.pass(ctx, calls, &d)
	l.noteState(ctx, l.demand.flush())

	d.DurationSeconds = max(l.cfg.Clock.Now().Sub(began), 0).Seconds()
	d.log(ctx, l.cfg.Logger)
	l.metrics.decided(d)
	l.history.add(d)
	return d
}

// turnContext is for the API calls of one turn. It outlives ctx by the grace
// period, so that a call in flight can finish.
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

// pass observes, decides and resizes. The decision d collects what happens.
func (l *Loop) pass(ctx, calls context.Context, d *Decision) {
	if ctx.Err() != nil {
		d.Up, d.Down = l.demand.Waiting()
		d.hold(ReasonStopping)
		return
	}
	status, err := l.read(ctx, calls)
	now := l.cfg.Clock.Now()
	if err != nil && ctx.Err() != nil {
		d.Up, d.Down = l.demand.Waiting()
		d.hold(ReasonStopping)
		return
	}
	l.noteContact(err)
	if err != nil {
		d.Up, d.Down = l.demand.Waiting()
		l.settle(ctx, d, l.demand.expired(now, errors.Is(err, ErrPoolNotFound)))
		d.fail(reasonOf(err), fmt.Errorf("read pool %s: %w", l.cfg.PoolName, err))
		return
	}
	l.note(d, status)
	d.From, d.To = status.Size, status.Size

	l.settle(ctx, d, l.demand.claim(now, status))
	d.Up, d.Down = l.demand.claimed()
	if pause, ok := l.pause.current(now); ok {
		d.Pause = &pause
		l.contention = contention{} // others may do with it what they like
		l.metrics.contended.Set(0)
		d.hold(ReasonPaused)
		return
	}
	l.noteState(ctx, l.pause.expire(now))
	l.observe(ctx, d)
	l.decide(ctx, calls, d)
}

// decide asks the policy, and carries out what may be done now.
func (l *Loop) decide(ctx, calls context.Context, d *Decision) {
	target := l.policy.decide(d.observation())
	idle := d.Up.empty() && d.Down.empty() && target.Size == d.Size
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

// read reads the pool. Unlike a resize, that is worth nothing to a program that
// is told to stop, and ends with ctx at once.
func (l *Loop) read(ctx, calls context.Context) (Status, error) {
	reading, cancel := context.WithCancel(calls)
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	return l.pool.Status(reading)
}

// note keeps what the pool was read to be.
func (l *Loop) note(d *Decision, status Status) {
	l.metrics.read(status)
	d.Size, d.Members, d.State = status.Size, status.Members, status.State
	l.readAt = l.cfg.Clock.Now()
}

// settle tells what became of webhooks. It does so before the disk forgets
// them, at the next write: if the program dies in between they are told of
// twice, rather than never.
func (l *Loop) settle(ctx context.Context, d *Decision, settled []Settled) {
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

// Record notes a webhook for the next turn, and returns once that survives a
// crash. A disk that fails is logged and counted: the webhook is recorded in
// memory all the same.
func (l *Loop) Record(ctx context.Context, direction Direction) {
	l.noteState(ctx, l.demand.Record(direction, l.cfg.Clock.Now()))
}

// Waiting tells which webhooks are recorded and not settled.
func (l *Loop) Waiting() (up, down Batch) { return l.demand.Waiting() }

// Decisions returns the last 1,000 decisions, oldest first.
func (l *Loop) Decisions() []Decision { return l.history.list() }

func (l *Loop) noteState(ctx context.Context, err error) {
	if err == nil {
		return
	}
	l.metrics.stateErrors.Inc()
	l.stateLogs.LogAttrs(ctx, slog.LevelError, "state directory cannot be written, a restart would not find what is new", l.attrs(slog.Any("err", err))...)
}

// attrs returns the attributes of a log line about this pool.
func (l *Loop) attrs(more ...slog.Attr) []slog.Attr {
	return append([]slog.Attr{slog.String("pool", l.cfg.PoolName), slog.String("zone", l.cfg.Zone)}, more...)
}
