package discovery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// An Agent publishes the members of pools as Prometheus targets.
type Agent struct {
	cfg     Config
	file    *targetFile
	metrics *metrics
	members *memberMetrics // nil: off

	// published is what readers see; nil until a set of targets is known.
	published   atomic.Pointer[document]
	lastSuccess atomic.Pointer[time.Time]

	// holding: there are targets that the last list lacks.
	holding atomic.Bool

	// refreshing is held during a refresh. It guards what follows.
	refreshing   sync.Mutex
	pools        []*poolState // in the order of the configuration, each name once
	earlier      []target     // from the file, until each pool is known
	notFoundFile *notFoundFile
	unsaved      notice
	healthFailed int // calls in a row
}

// New returns an agent that already publishes the targets that the file has from
// an earlier run. A file that is not valid is logged, and kept until the first
// good refresh. The error says what is wrong with cfg or with the directory of
// the file.
func New(cfg Config) (*Agent, error) {
	cfg = cfg.withDefaults()
	if err := errors.Join(cfg.validateRequired(), cfg.Validate()); err != nil {
		return nil, fmt.Errorf("configure discovery: %w", err)
	}
	file, err := openTargetFile(cfg.File)
	if err != nil {
		return nil, err
	}
	a := &Agent{cfg: cfg, file: file, notFoundFile: newNotFoundFile(file)}
	for _, name := range cfg.Pools {
		if !slices.ContainsFunc(a.pools, func(s *poolState) bool { return s.name == name }) {
			a.pools = append(a.pools, &poolState{name: name})
		}
	}
	if cfg.MemberMetrics {
		a.members = newMemberMetrics()
	}
	if a.metrics, err = newMetrics(cfg.Registerer, a.members, a.pools); err != nil {
		return nil, err
	}
	a.load()
	return a, nil
}

// load reads what an earlier run left.
func (a *Agent) load() {
	switch earlier, dropped, err := a.file.load(a.cfg); {
	case err != nil:
		a.cfg.Logger.Warn("the targets file is not valid and stays until the first good refresh", slog.Any("err", err))
	case earlier != nil:
		a.cfg.Logger.Info("targets loaded from the file", slog.String("file", a.cfg.File), slog.Int("targets", len(earlier.targets)))
		if dropped > 0 {
			a.cfg.Logger.Warn("targets of the file are left out: their addresses are not those of members", slog.Int("targets", dropped))
		}
		a.earlier = earlier.parsed
		a.published.Store(earlier)
	}
	if a.cfg.ForgetAfter < 0 {
		return
	}
	if err := a.notFoundFile.load(a.pools, a.cfg.Clock.Now(), a.cfg.ForgetAfter); err != nil {
		a.cfg.Logger.Warn("how long pools have not existed is counted from zero again", slog.Any("err", err))
	}
}

// Run refreshes until ctx ends, and then returns nil. The first refresh comes at
// once, the next ones after the interval. After each failure the wait grows, up
// to one minute, until the next success.
func (a *Agent) Run(ctx context.Context) error {
	retry := backoff.NewExponentialBackOff()
	retry.InitialInterval = a.cfg.Interval
	retry.Multiplier = 2
	retry.RandomizationFactor = 0.2
	retry.MaxInterval = maxDelay

	failed := 0 // refreshes in a row
	var logged time.Time
	for {
		err := a.RunOnce(ctx)
		delay := min(retry.NextBackOff(), maxDelay)
		if err == nil || isPartial(err) {
			// The provider answers: other pools need not wait.
			retry.Reset()
			delay = min(jitter(a.cfg.Interval), maxDelay)
		}
		if a.holding.Load() {
			delay = min(delay, heldInterval)
		}
		switch {
		case err != nil && ctx.Err() == nil:
			failed++
			if now := a.cfg.Clock.Now(); !isPartial(err) || failed == 1 || now.Sub(logged) >= maxDelay {
				logged = now
				a.logFailure(err, delay)
			}
		case err == nil && failed > 0:
			a.cfg.Logger.Info("refresh works again", slog.Int("failed", failed))
			failed = 0
		}
		select {
		case <-ctx.Done():
			return nil
		case <-a.cfg.Clock.After(delay):
		}
	}
}

// jitter returns d, give or take up to a tenth.
func jitter(d time.Duration) time.Duration {
	return d - d/10 + rand.N(d/5+1) //nolint:gosec // spreads load, guards nothing
}

func (a *Agent) logFailure(err error, delay time.Duration) {
	attrs := []any{slog.Any("err", err), slog.String("reason", string(reasonOf(err))), slog.Duration("retry_in", delay)}
	if last := a.lastSuccess.Load(); last != nil {
		attrs = append(attrs, slog.Duration("age", a.cfg.Clock.Now().Sub(*last)))
	}
	if isPartial(err) {
		a.cfg.Logger.Error("refresh failed for some pools, their last good targets stay", attrs...)
		return
	}
	a.cfg.Logger.Error("refresh failed, the last good targets stay", attrs...)
}

// RunOnce makes one refresh. If some of several pools fail, their targets are
// unchanged; after any other error nothing published has changed, with two
// exceptions: if the file cannot be written, the HTTP service already has the new
// targets, and a pool that has not existed for [Config.ForgetAfter] loses its
// targets.
func (a *Agent) RunOnce(ctx context.Context) error {
	a.refreshing.Lock()
	defer a.refreshing.Unlock()

	start := a.cfg.Clock.Now()
	bounded, cancel := context.WithTimeoutCause(ctx, a.cfg.Timeout, errTimeout)
	defer cancel()
	err := a.refresh(bounded)
	if err != nil && ctx.Err() != nil {
		return ctx.Err() // interrupted, not failed
	}
	if err != nil && errors.Is(context.Cause(bounded), errTimeout) {
		err = withReason(reasonTimeout, fmt.Errorf("refresh timed out after %s: %w", a.cfg.Timeout, err))
	}
	end := a.cfg.Clock.Now()
	a.metrics.observeRefresh(end.Sub(start), err)
	if err != nil {
		return err
	}
	a.lastSuccess.Store(&end)
	a.metrics.lastSuccess.Set(unixSeconds(end))
	return nil
}

// refresh reads from the provider, updates the state and publishes the targets.
func (a *Agent) refresh(ctx context.Context) error {
	seen, err := a.fetch(ctx)
	if err == nil && ctx.Err() != nil { // the lister ignored ctx: publish nothing late
		err = withReason(reasonTimeout, context.Cause(ctx))
	}
	if err != nil {
		for _, s := range a.pools {
			s.notFound.interrupt()
		}
		return err
	}
	publish, poolErr := a.apply(seen)
	if !publish {
		a.metrics.setPools(a.pools)
		return poolErr
	}
	targets := a.targets(seen.backends)
	a.metrics.setPools(a.pools)
	next, err := a.cfg.document(targets)
	if err != nil {
		return withReason(reasonWrite, err)
	}
	if err := a.publish(next); err != nil {
		return err
	}
	a.updateMemberMetrics(ctx, seen, targets)
	if poolErr != nil && slices.ContainsFunc(seen.pools, func(p poolSnapshot) bool { return p.err == nil }) {
		return partialError{poolErr}
	}
	return poolErr
}

// publish makes a new set of targets visible, over HTTP and in the file.
func (a *Agent) publish(next *document) error {
	previous := a.published.Swap(next)
	added, removed := changes(previous, next)
	a.metrics.countChanges(added, removed)
	if added+removed > 0 || previous == nil {
		a.cfg.Logger.Info("targets changed", slog.Int("targets", len(next.targets)),
			slog.Int("added", added), slog.Int("removed", removed))
	}
	written, err := a.file.store(next.body)
	if err != nil {
		return withReason(reasonWrite, err)
	}
	if written {
		a.metrics.writes.Inc()
	}
	return nil
}

// ready reports whether the last success is recent enough, and how old it is.
func (a *Agent) ready() (ok bool, age time.Duration, ever bool) {
	last := a.lastSuccess.Load()
	if last == nil {
		return false, 0, false
	}
	age = a.cfg.Clock.Now().Sub(*last)
	return age <= a.cfg.MaxAge, age, true
}
