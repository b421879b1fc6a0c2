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
	demand  *demand
	pause   *pauseState
	metrics *metrics
	history history
	pool    checkedPool
	// stateLogs limits what each webhook logs while the disk fails.
	stateLogs *slog.Logger

	turnMu     sync.Mutex // held by the turn in progress
	turns      int
	readAt     time.Time // when the turn in progress read the pool
	contention contention
	resumed    atomic.Bool // the next turn forgets the contention

	readyMu     sync.Mutex // guards what Ready reads
	lastReached time.Time  // when the pool was last read
	lastError   error      // of the newest reading; nil after a success
}

// New validates the configuration and reads the demand that an earlier run
// left. The error names every setting that is wrong, and the remedy.
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
	demand, err := openDemand(cfg.StateDir, pool, cfg.Expiry, now, cfg.Logger)
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
		pool:      checkedPool{pool: cfg.Pool, clock: cfg.Clock, metrics: m},
		stateLogs: lograte.Logger(cfg.Logger, logInterval),
	}, nil
}

// Run takes turns on a fixed grid, one each interval, until ctx ends. Then it
// lets the API call in flight finish, for the grace period at most, and
// returns nil.
//
// The first turn comes at once, unless an earlier run asked for a resize less
// than an interval ago: a program that crashes again and again must not scale
// faster than one that runs. Then Run only reads the pool at once. A slow turn
// does not shift the grid, and missed turns are not made up for.
func (l *Loop) Run(ctx context.Context) error {
	next := l.cfg.Clock.Now()
	if last := l.demand.lastResize(); !last.IsZero() {
		if earliest := last.Add(l.cfg.Interval); earliest.After(next) {
			next = earliest
			l.probe(ctx)
		}
	}
	for {
		if !l.wait(ctx, next) {
			return nil
		}
		l.RunOnce(ctx)
		next = nextTurn(next, l.cfg.Clock.Now(), l.cfg.Interval)
	}
}

// probe reads the pool for [Loop.Ready] only, so that Ready need not wait for
// a delayed first turn.
func (l *Loop) probe(ctx context.Context) {
	l.turnMu.Lock()
	defer l.turnMu.Unlock()
	calls, cancel := context.WithTimeout(ctx, l.cfg.Timeout)
	defer cancel()
	status, err := l.pool.Status(calls)
	if ctx.Err() != nil {
		return
	}
	l.recordAPIResult(err)
	if err != nil {
		l.cfg.Logger.LogAttrs(ctx, slog.LevelError, "pool cannot be read, trying again in the first turn", l.attrs(slog.Any("err", err))...)
		return
	}
	l.metrics.setStatus(status)
}

// wait waits for next, and reports whether ctx goes on. It waits one interval at
// most: the clock may have been set back.
func (l *Loop) wait(ctx context.Context, next time.Time) bool {
	if wait := min(next.Sub(l.cfg.Clock.Now()), l.cfg.Interval); wait > 0 {
		select {
		case <-ctx.Done():
		case <-l.cfg.Clock.After(wait):
		}
	}
	return ctx.Err() == nil
}

// nextTurn returns the first point after now on the grid that last lies on.
// It is at most one interval away: if the clock was set back, a new grid
// starts at now.
func nextTurn(last, now time.Time, interval time.Duration) time.Time {
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
// and kept for [Loop.Decisions]. It returns no error: what went wrong is in
// the record. Once ctx has ended it begins no further API call.
func (l *Loop) RunOnce(ctx context.Context) Decision {
	l.turnMu.Lock()
	defer l.turnMu.Unlock()
	l.turns++
	began := l.cfg.Clock.Now()
	d := Decision{
		Time: began.UTC(), Turn: l.turns, Pool: l.cfg.PoolName, Zone: l.cfg.Zone,
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
		d.Up, d.Down = l.demand.pending()
		l.reportSettled(ctx, d, l.demand.expire(now, errors.Is(err, ErrPoolNotFound)))
		d.fail(reasonOf(err), fmt.Errorf("read pool %s: %w", l.cfg.PoolName, err))
		return
	}
	l.recordReading(d, status)
	d.From, d.To = status.Size, status.Size

	l.reportSettled(ctx, d, l.demand.claim(now, status))
	d.Up, d.Down = l.demand.claimed()
	if pause, ok := l.pause.current(now); ok {
		d.Pause = &pause
		l.contention = contention{} // during a pause others may resize the pool
		l.metrics.contended.Set(0)
		d.hold(ReasonPaused)
		return
	}
	l.reportStateError(ctx, l.pause.expire(now))
	l.checkContention(ctx, d)
	l.decide(ctx, calls, d)
}

// decide asks the policy, and acts on its answer if that is possible now.
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

// read reads the pool. Unlike a resize it ends with ctx at once: a program that
// stops has no use for a reading.
func (l *Loop) read(ctx, calls context.Context) (Status, error) {
	reading, cancel := context.WithCancel(calls)
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	return l.pool.Status(reading)
}

// recordReading takes a reading of the pool.
func (l *Loop) recordReading(d *Decision, status Status) {
	l.metrics.setStatus(status)
	d.Size, d.Members, d.State = status.Size, status.Members, status.State
	l.readAt = l.cfg.Clock.Now()
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

// Record records a webhook for the next turn, and returns once it survives a
// crash. If the disk fails, that is logged and counted, and the webhook is kept
// in memory.
func (l *Loop) Record(ctx context.Context, direction Direction) {
	l.reportStateError(ctx, l.demand.record(direction, l.cfg.Clock.Now()))
}

// Pending returns the webhooks that are recorded and not settled.
func (l *Loop) Pending() (up, down Batch) { return l.demand.pending() }

// Decisions returns the last 1,000 decisions, oldest first.
func (l *Loop) Decisions() []Decision { return l.history.list() }

func (l *Loop) reportStateError(ctx context.Context, err error) {
	if err == nil {
		return
	}
	l.metrics.stateErrors.Inc()
	l.stateLogs.LogAttrs(ctx, slog.LevelError, "state directory cannot be written, recent changes would not survive a restart", l.attrs(slog.Any("err", err))...)
}

// attrs returns the attributes of a log line about this pool.
func (l *Loop) attrs(more ...slog.Attr) []slog.Attr {
	return append([]slog.Attr{slog.String("pool", l.cfg.PoolName), slog.String("zone", l.cfg.Zone)}, more...)
}
