package discovery

import (
	"errors"
	"log/slog"
	"slices"
	"time"
)

// apply updates the state of all pools. It reports whether there is anything to
// publish, and returns the errors of pools.
func (a *Agent) apply(seen snapshot) (publish bool, err error) {
	now := a.cfg.Clock.Now()
	var errs []error
	for i, s := range a.pools {
		read := seen.pools[i]
		switch {
		case read.duplicate:
			s.members, s.settled = nil, true
		case read.err == nil:
			publish = true
			s.notFound = notFound{}
			a.applyPool(s, read, now)
		case errors.Is(read.err, ErrPoolNotFound) && len(read.members) == 0:
			s.notFound.confirm(now)
			publish = a.forget(s) || publish
			errs = append(errs, read.err)
		default:
			s.notFound.interrupt()
			errs = append(errs, read.err)
		}
	}
	a.holding.Store(slices.ContainsFunc(a.pools, func(s *poolState) bool {
		return s.held > 0 || !s.settled && s.doubtful > 0
	}))
	a.saveNotFound(now)
	return publish, errors.Join(errs...)
}

// saveNotFound saves for a restart how long pools with targets have not existed.
func (a *Agent) saveNotFound(now time.Time) {
	if a.cfg.ForgetAfter < 0 {
		return
	}
	missing := make(map[string]notFound)
	for _, s := range a.pools {
		if s.notFound.total > 0 && a.hasTargets(s) {
			missing[s.name] = s.notFound
		}
	}
	switch err := a.notFoundFile.save(missing, now); {
	case err == nil:
		a.unsaved.end()
	case a.unsaved.begin(now):
		a.cfg.Logger.Warn("how long pools have not existed cannot be saved, a restart counts from zero", slog.Any("err", err))
	}
}

// hasTargets reports whether targets are published that may belong to s.
func (a *Agent) hasTargets(s *poolState) bool {
	return s.targets() > 0 || !s.settled && len(a.earlier) > 0
}

// applyPool updates the state of one pool, and logs if the list of members
// contradicts the pool.
func (a *Agent) applyPool(s *poolState, read poolSnapshot, now time.Time) {
	agreed := true
	if read.pool != nil {
		s.pool = *read.pool
		agreed = agrees(read.members, s.pool)
	}
	unconfirmed := s.update(read.members, agreed)
	a.logRefused(s, read, now)
	logger := a.cfg.Logger
	attrs := func() []any {
		attrs := []any{slog.String("pool", s.name), slog.Int("listed", len(read.members))}
		if read.pool != nil {
			attrs = append(attrs, slog.Int("size", s.pool.Size), slog.Int("members", len(s.pool.Members)))
		}
		return attrs
	}
	switch {
	case s.held > 0 || !s.settled:
		a.metrics.staleLists.WithLabelValues(s.name).Inc()
		if s.stale.begin(now) {
			logger.Warn("the list of members contradicts the pool, the targets that it lacks stay for now", attrs()...)
		}
	case unconfirmed > 0:
		s.stale.end()
		logger.Warn("the list of members still contradicts the pool and is accepted", append(attrs(), slog.Int("removed", unconfirmed))...)
	case s.stale.end():
		logger.Info("the list of members agrees with the pool again", attrs()...)
	}
}

// logRefused logs the first address that must not be a target.
func (a *Agent) logRefused(s *poolState, read poolSnapshot, now time.Time) {
	s.refused = len(read.refused)
	switch {
	case s.refused == 0:
		s.refusedNotice.end()
	case s.refusedNotice.begin(now):
		a.cfg.Logger.Error("the provider lists an address that never becomes a target",
			slog.String("pool", s.name), slog.String("address", read.refused[0].addr.String()),
			slog.String("reason", read.refused[0].why), slog.Int("members", s.refused))
	}
}

// forget removes the targets of a pool that has not existed for long enough, and
// reports whether it had any.
func (a *Agent) forget(s *poolState) bool {
	if a.cfg.ForgetAfter < 0 || s.notFound.total < a.cfg.ForgetAfter || s.notFound.answers <= maxStale {
		return false
	}
	had := a.hasTargets(s)
	targets := s.forget()
	if !had {
		return false
	}
	a.metrics.forgotten.WithLabelValues(s.name).Add(float64(targets))
	a.cfg.Logger.Error("the pool no longer exists, its targets are removed: other machines may have the addresses",
		slog.String("pool", s.name), slog.Duration("absent", s.notFound.total), slog.Int("targets", targets))
	return true
}
