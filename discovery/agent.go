package discovery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// An Agent publishes the members of pools as Prometheus targets.
type Agent struct {
	conf    Config
	file    *targetFile
	metrics *metrics
	members *memberMetrics // nil: not wanted

	// published is what readers see; nil until a set of targets is known.
	published   atomic.Pointer[document]
	lastSuccess atomic.Pointer[time.Time]

	// refreshing guards what only one refresh at a time may touch.
	refreshing   sync.Mutex
	ids          map[string]string // of the pools, by how they were named
	healthFailed int               // calls in a row
}

// New returns an agent that already publishes what the file holds from
// earlier. A file that cannot be read as targets is logged and left alone
// until there is something better. The error tells what is wrong with conf or
// with the directory of the file.
func New(conf Config) (*Agent, error) {
	conf, err := conf.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("configure discovery: %w", err)
	}
	file, err := openTargetFile(conf.File)
	if err != nil {
		return nil, err
	}
	a := &Agent{conf: conf, file: file, ids: make(map[string]string)}
	if conf.MemberMetrics {
		a.members = newMemberMetrics()
	}
	if a.metrics, err = newMetrics(conf.Registerer, a.members); err != nil {
		return nil, err
	}
	switch earlier, err := file.load(); {
	case err != nil:
		conf.Logger.Warn("the targets file is not valid and stays until the first good refresh", slog.Any("err", err))
	case earlier != nil:
		conf.Logger.Info("targets loaded from the file", slog.String("file", conf.File), slog.Int("targets", len(earlier.targets)))
		a.published.Store(earlier)
	}
	return a, nil
}

// Run refreshes until ctx ends, and then returns nil. The first refresh comes
// at once, the next ones after the interval. After a failure the wait grows
// up to one minute, and the next success ends that.
func (a *Agent) Run(ctx context.Context) error {
	retry := backoff.NewExponentialBackOff()
	retry.InitialInterval = a.conf.Interval
	retry.Multiplier = 2
	retry.RandomizationFactor = 0.2
	retry.MaxInterval = maxDelay

	steady := backoff.NewExponentialBackOff()
	steady.InitialInterval = a.conf.Interval
	steady.Multiplier = 1
	steady.RandomizationFactor = 0.1

	failed := 0 // refreshes in a row
	for {
		err := a.RunOnce(ctx)
		delays := retry
		if err == nil {
			retry.Reset()
			delays = steady
		}
		delay := min(delays.NextBackOff(), maxDelay)
		switch {
		case err != nil && ctx.Err() == nil:
			failed++
			a.logFailure(err, delay)
		case err == nil && failed > 0:
			a.conf.Logger.Info("refresh works again", slog.Int("failed", failed))
			failed = 0
		}
		select {
		case <-ctx.Done():
			return nil
		case <-a.conf.Clock.After(delay):
		}
	}
}

func (a *Agent) logFailure(err error, delay time.Duration) {
	attrs := []any{slog.Any("err", err), slog.String("reason", string(reasonOf(err))), slog.Duration("retry_in", delay)}
	if last := a.lastSuccess.Load(); last != nil {
		attrs = append(attrs, slog.Duration("age", a.conf.Clock.Now().Sub(*last)))
	}
	a.conf.Logger.Error("refresh failed, the last good targets stay", attrs...)
}

// RunOnce makes one refresh. With an error, what is published and what the
// file holds are as they were, but for one case: when the file cannot be
// written the HTTP service already has the new targets.
func (a *Agent) RunOnce(ctx context.Context) error {
	a.refreshing.Lock()
	defer a.refreshing.Unlock()

	start := a.conf.Clock.Now()
	bounded, cancel := context.WithTimeoutCause(ctx, a.conf.Timeout, errTimeout)
	defer cancel()
	err := a.refresh(bounded)
	if err != nil && ctx.Err() != nil {
		return ctx.Err() // told to stop, which is no failure
	}
	if err != nil && errors.Is(context.Cause(bounded), errTimeout) {
		err = fail(reasonTimeout, fmt.Errorf("refresh took longer than %s: %w", a.conf.Timeout, err))
	}
	end := a.conf.Clock.Now()
	a.metrics.refreshed(end.Sub(start), err)
	if err != nil {
		return err
	}
	a.lastSuccess.Store(&end)
	a.metrics.lastSuccess.Set(unixSeconds(end))
	return nil
}

// refresh asks, translates and publishes.
func (a *Agent) refresh(ctx context.Context) error {
	seen, err := a.survey(ctx)
	if err != nil {
		return err
	}
	targets, counts := a.conf.targets(seen)
	next, err := a.conf.document(targets)
	if err != nil {
		return fail(reasonWrite, err)
	}
	if ctx.Err() != nil { // a lister that ignores ctx publishes nothing late
		return fail(reasonTimeout, context.Cause(ctx))
	}
	if err := a.publish(next, counts); err != nil {
		return err
	}
	a.showMembers(ctx, seen, targets)
	return nil
}

// publish hands a new set of targets to readers, of the memory and the file.
func (a *Agent) publish(next *document, counts map[string]poolCount) error {
	previous := a.published.Swap(next)
	added, removed := changes(previous, next)
	a.metrics.published(counts, added, removed)
	if added+removed > 0 || previous == nil {
		a.conf.Logger.Info("targets changed", slog.Int("targets", len(next.targets)),
			slog.Int("added", added), slog.Int("removed", removed))
	}
	written, err := a.file.store(next.body)
	if err != nil {
		return fail(reasonWrite, err)
	}
	if written {
		a.metrics.writes.Inc()
	}
	return nil
}

// ready tells whether the last success is young enough, and how old it is.
func (a *Agent) ready() (ok bool, age time.Duration, ever bool) {
	last := a.lastSuccess.Load()
	if last == nil {
		return false, 0, false
	}
	age = a.conf.Clock.Now().Sub(*last)
	return age <= a.conf.MaxAge, age, true
}
