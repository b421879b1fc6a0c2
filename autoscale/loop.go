package autoscale

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/exopool/exopool/internal/configerr"
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
	stages  stage
	demand  *demand
	pause   *pauseState
	metrics *metrics
	history history
	pool    checkedPool
	// stateLogger limits what each webhook logs while the disk fails.
	stateLogger *slog.Logger

	turnMu     sync.Mutex // held by the turn in progress
	turns      int
	readAt     time.Time // when the turn in progress read the pool
	roster     *roster
	starts     *starts
	members    []observedMember       // as last read
	repairs    []time.Time            // evictions of broken members in the last hour
	drains     map[string]*drain      // by the id of the member
	unanswered []Victim               // of the resize whose outcome is unknown
	busy       map[netip.Addr]float64 // as measured in the turn in progress
	busyAt     time.Time              // when it was measured
	meterFails bool                   // as of the last turn
	madeWith   *madeWith
	memory     *memory // of the policy
	past       *pastFile
	bounds     Bounds
	account    *account
	most       int         // members that the budget pays for
	phase      BudgetPhase // as last logged
	load       Load        // as last measured
	loadErr    error
	loadFails  bool         // as last logged
	rolling    RollingState // as last logged
	contention contention
	resumed    atomic.Bool // the next turn forgets the contention and resets the fuse and a halt

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
		err = errors.Join(&configerr.Error{Field: "Pool", Problem: "is missing", Remedy: "set it"}, err)
	}
	if cfg.EvictionOrder == LeastBusyFirst && cfg.Meter == nil {
		err = errors.Join(err, &configerr.Error{Field: "Meter", Problem: "is missing", Remedy: "set it, or another order of eviction"})
	}
	if err != nil {
		return nil, err
	}
	pool, now := cfg.Zone+"/"+cfg.PoolName, cfg.Clock.Now()
	demand, err := openDemand(cfg.StateDir, pool, cfg.DryRun, cfg.Expiry, now, cfg.Logger)
	if err != nil {
		return nil, err
	}
	pause, err := openPause(cfg.StateDir, pool, now, cfg.Logger)
	if err != nil {
		return nil, err
	}
	made, err := openMadeWith(cfg.StateDir, pool, now, cfg.Logger)
	if err != nil {
		return nil, err
	}
	memory, err := openMemory(cfg.StateDir, pool, cfg.policy(), cfg.Logger)
	if err != nil {
		return nil, err
	}
	past, err := openPast(cfg.StateDir, pool, cfg.Guards, cfg.Logger)
	if err != nil {
		return nil, err
	}
	account, err := openAccount(cfg.StateDir, pool, cfg.Budget, cfg.Logger)
	if err != nil {
		return nil, err
	}
	starts, err := openStarts(cfg.StateDir, pool, cfg.StartTimeout, cfg.Logger)
	if err != nil {
		return nil, err
	}
	if cfg.DryRun {
		pause.dir, made.dir, memory.dir, past.dir, account.dir, starts.dir = "", "", "", "", "", "" // from here on as in memory
	}
	m, err := newMetrics(cfg, demand, pause)
	if err != nil {
		return nil, err
	}
	return &Loop{
		cfg: cfg, stages: newStages(cfg), demand: demand, pause: pause, metrics: m,
		pool:        checkedPool{pool: cfg.Pool, clock: cfg.Clock, metrics: m},
		drains:      map[string]*drain{},
		madeWith:    made,
		memory:      memory,
		past:        past,
		account:     account,
		most:        math.MaxInt,
		bounds:      Bounds{Min: cfg.Min, Max: cfg.Max},
		roster:      newRoster(cfg, starts),
		starts:      starts,
		stateLogger: lograte.Logger(cfg.Logger, logInterval),
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
	conditions := countConditions(l.roster.observe(status, l.cfg.Clock.Now()))
	l.metrics.setStatus(status, conditions, l.roster.blown())
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
	l.stateLogger.LogAttrs(ctx, slog.LevelError, "state directory cannot be written, recent changes would not survive a restart", l.attrs(slog.Any("err", err))...)
}

// attrs returns the attributes of a log line about this pool.
func (l *Loop) attrs(more ...slog.Attr) []slog.Attr {
	return append([]slog.Attr{slog.String("pool", l.cfg.PoolName), slog.String("zone", l.cfg.Zone)}, more...)
}
