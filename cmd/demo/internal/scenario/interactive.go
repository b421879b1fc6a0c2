package scenario

import (
	"context"
	"time"

	"github.com/exopool/exopool/cmd/demo/internal/view"
)

// RunInteractive leaves the load to the user, until ctx ends, which is no error.
// The phases follow what the user does.
func (s *Scenario) RunInteractive(ctx context.Context) error {
	s.byHand = true
	if s.summary.StartSize == 0 {
		if err := s.ready(ctx); err != nil {
			if ctx.Err() != nil {
				return nil // the user has stopped it
			}
			return err
		}
	}
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		s.follow(s.system.Snapshot(), time.Now())
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// follow sets the phase that a reading of the system shows.
func (s *Scenario) follow(v view.Snapshot, now time.Time) {
	if s.loadOn.IsZero() && v.Load.Clients > 0 {
		s.loadOn = now
	}
	s.record(v, now)
	if phase := s.phaseOf(v); phase != s.phase {
		s.phase = phase
		s.system.SetPhase(phase)
	}
}

// phaseOf returns the phase of a run by hand.
func (s *Scenario) phaseOf(v view.Snapshot) view.Phase {
	switch {
	case v.Load.Clients > 0 && s.relieved(v):
		return view.PhaseHolding
	case v.Load.Clients > 0:
		return view.PhaseLoadOn
	case v.Pool.Wanted > v.Settings.Min || len(v.Pool.Members) > v.Settings.Min:
		return view.PhaseLoadOff
	default:
		return view.PhaseReady
	}
}

// takenOver is closed when the user takes over the load of the scenario; nil
// once that is known.
func (s *Scenario) takenOver() <-chan struct{} {
	if s.byHand {
		return nil
	}
	return s.system.TakenOver()
}
