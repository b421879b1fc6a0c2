package discovery

import (
	"errors"
	"log/slog"
	"slices"
	"time"
)

// update brings what is known of each pool up to date. It reports whether
// there is anything to publish, and what went wrong with pools.
func (a *Agent) update(seen snapshot) (news bool, faults error) {
	now := a.cfg.Clock.Now()
	var errs []error
	for i, s := range a.pools {
		ans := seen.answers[i]
		switch {
		case ans.duplicate:
			s.members, s.settled = nil, true
		case ans.err == nil:
			news = true
			s.absence = absence{}
			a.learn(s, ans, now)
		case errors.Is(ans.err, ErrPoolNotFound) && len(ans.members) == 0:
			s.absence.confirm(now)
			news = a.forget(s) || news
			errs = append(errs, ans.err)
		default:
			s.absence.pause()
			errs = append(errs, ans.err)
		}
	}
	a.holding.Store(slices.ContainsFunc(a.pools, func(s *poolState) bool {
		return s.held > 0 || !s.settled && s.doubtful > 0
	}))
	a.saveNotFound(now)
	return news, errors.Join(errs...)
}

// saveNotFound keeps for a restart for how long pools with targets have not
// existed.
func (a *Agent) saveNotFound(now time.Time) {
	if a.cfg.ForgetAfter < 0 {
		return
	}
	absent := make(map[string]absence)
	for _, s := range a.pools {
		if s.absence.total > 0 && a.hasTargets(s) {
			absent[s.name] = s.absence
		}
	}
	switch err := a.absences.save(absent, now); {
	case err == nil:
		a.unsaved.ends()
	case a.unsaved.begins(now):
		a.cfg.Logger.Warn("a restart will count anew for how long pools have been absent", slog.Any("err", err))
	}
}

// hasTargets reports whether targets are published that may be those of s.
func (a *Agent) hasTargets(s *poolState) bool {
	return s.targets() > 0 || !s.settled && len(a.earlier) > 0
}

// learn takes in an answer and tells when it is not believed, or again.
func (a *Agent) learn(s *poolState, ans answer, now time.Time) {
	agreed := true
	if ans.pool != nil {
		s.pool = *ans.pool
		agreed = agrees(ans.members, s.pool)
	}
	unconfirmed := s.learn(ans.members, agreed)
	a.logRefused(s, ans, now)
	log := a.cfg.Logger
	attrs := func() []any {
		attrs := []any{slog.String("pool", s.name), slog.Int("listed", len(ans.members))}
		if ans.pool != nil {
			attrs = append(attrs, slog.Int("size", s.pool.Size), slog.Int("members", len(s.pool.Members)))
		}
		return attrs
	}
	switch {
	case s.held > 0 || !s.settled:
		a.metrics.staleLists.WithLabelValues(s.name).Inc()
		if s.stale.begins(now) {
			log.Warn("the list of members contradicts the pool, the targets that it lacks stay for now", attrs()...)
		}
	case unconfirmed > 0:
		s.stale.ends()
		log.Warn("the list of members still contradicts the pool and is believed", append(attrs(), slog.Int("removed", unconfirmed))...)
	case s.stale.ends():
		log.Info("the list of members agrees with the pool again", attrs()...)
	}
}

// logRefused tells of addresses that must not be targets when the first of
// them comes.
func (a *Agent) logRefused(s *poolState, ans answer, now time.Time) {
	s.refused = len(ans.refused)
	switch {
	case s.refused == 0:
		s.refusedNotice.ends()
	case s.refusedNotice.begins(now):
		a.cfg.Logger.Error("the provider lists an address that never becomes a target",
			slog.String("pool", s.name), slog.String("address", ans.refused[0].addr.String()),
			slog.String("reason", ans.refused[0].why), slog.Int("members", s.refused))
	}
}

// forget drops the targets of a pool that has not existed for long enough,
// and reports whether it just did.
func (a *Agent) forget(s *poolState) bool {
	if a.cfg.ForgetAfter < 0 || s.absence.total < a.cfg.ForgetAfter || s.absence.answers <= maxStale {
		return false
	}
	had := a.hasTargets(s)
	targets := s.forget()
	if !had {
		return false
	}
	a.metrics.forgotten.WithLabelValues(s.name).Add(float64(targets))
	a.cfg.Logger.Error("the pool does not exist any more, its targets go: somebody else may have the addresses",
		slog.String("pool", s.name), slog.Duration("absent", s.absence.total), slog.Int("targets", targets))
	return true
}
