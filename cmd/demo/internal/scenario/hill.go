package scenario

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/exopool/exopool/cmd/demo/internal/view"
)

// The parts of a hill, in turns.
const (
	hillRise = 4
	hillTop  = 4
	hillFall = 16 // as a day does, slowly
	hillEnd  = 9  // enough for a pool that shrinks step by step
)

// hill returns the part of the clients that there are some turns after the load
// began.
func hill(turns float64) float64 {
	switch {
	case turns < hillRise:
		return max(turns, 0) / hillRise
	case turns < hillRise+hillTop:
		return 1
	default:
		return max(1-(turns-hillRise-hillTop)/hillFall, 0)
	}
}

// RunHill lets more and more clients come, and go, in the same time whatever the
// pool does, so that policies can be compared. The error says that the system was
// not ready in time, or that ctx ended. Once the user has taken over the load,
// RunHill goes on like [Scenario.RunInteractive].
func (s *Scenario) RunHill(ctx context.Context) error {
	err := s.climb(ctx)
	if errors.Is(err, errTakenOver) {
		s.summary.Hill = nil // of a part of it: nothing to compare
		return s.RunInteractive(ctx)
	}
	return err
}

func (s *Scenario) climb(ctx context.Context) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	s.loadOn = time.Now()
	s.system.SetPhase(view.PhaseLoadOn)
	figures := &view.HillSummary{}
	s.summary.Hill = figures
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	var known, above, sum float64
	clients, before := 0, s.loadOn
	for now := s.loadOn; ; {
		v := s.system.Snapshot()
		s.record(v, now)
		turns := float64(now.Sub(s.loadOn)) / float64(s.cfg.Hold)
		passed := now.Sub(before)
		figures.MemberMinutes += float64(len(v.Pool.Members)) * passed.Minutes() * v.Speed
		figures.Minutes += passed.Minutes() * v.Speed
		before = now
		if v.AverageCPU != nil && passed > 0 {
			known += passed.Seconds()
			sum += *v.AverageCPU * passed.Seconds()
			if *v.AverageCPU > v.Settings.HighThreshold {
				above += passed.Seconds()
			}
			figures.MeanCPU, figures.AbovePercent = sum/known, 100*above/known
		}
		if want := int(math.Round(hill(turns) * float64(s.cfg.Clients))); want != clients {
			clients = want
			s.system.SetClients(clients)
		}
		switch {
		case turns >= hillRise+hillTop+hillFall+hillEnd:
			s.system.SetPhase(view.PhaseDone)
			return nil
		case turns >= hillRise+hillTop+hillFall && s.loadOff.IsZero():
			s.loadOff = now
			s.system.SetPhase(view.PhaseLoadOff)
		case turns < hillRise+hillTop:
			s.summary.AvgCPUAtPeak = v.AverageCPU
		}
		select {
		case <-s.takenOver():
			return errTakenOver
		case <-ctx.Done():
			return fmt.Errorf("stopped on the hill: %w", ctx.Err())
		case now = <-tick.C:
		}
	}
}
