package autoscale_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/budget"
)

// A spender is a random run of webhooks, loads, faults and restarts, with an account
// of what members cost that the program does not see.
type spender struct {
	*world
	load    *gauge
	start   time.Time // of the period
	cost    float64   // in the period
	excused float64   // of it, while the program could not make the pool smaller
	stuck   bool      // the last turn has failed
}

// pass lets time pass, a minute at a time. Without a turn in between, the program can
// do nothing about the cost.
func (s *spender) pass(rt *rapid.T, minutes int) {
	for n := range minutes {
		if start := s.clock.Now().Truncate(time.Hour); !start.Equal(s.start) {
			s.start, s.cost, s.excused = start, 0, 0
		}
		size := float64(s.pool.Size())
		s.cost += size / 60
		if s.stuck || n > 0 {
			s.excused += max(size-float64(s.cfg.Min), 0) / 60
		}
		s.clock.Advance(time.Minute)
		limit := max(s.cfg.Budget.Limit, float64(s.cfg.Min)) + s.excused
		require.LessOrEqual(rt, s.cost, limit+1e-6, "since %s, of a limit of %v", s.start, s.cfg.Budget.Limit)
	}
}

func (s *spender) turnNow(rt *rapid.T) {
	s.pass(rt, 1)
	if s.load != nil {
		s.load.load.At = s.clock.Now()
	}
	d := s.loop.RunOnce(rt.Context())
	s.stuck = d.Result == autoscale.Failed
	if d.Reason == autoscale.ReasonBudget {
		require.GreaterOrEqual(rt, s.pool.Size(), s.cfg.Min)
	}
	if hourly := s.cfg.Budget.Hourly; hourly > 0 {
		require.LessOrEqual(rt, float64(s.pool.Size()), max(hourly, float64(s.cfg.Min)))
	}
}

// crash takes a turn that a power cut ends just after the request, or just before it.
func (s *spender) crash(rt *rapid.T) {
	left := ""
	cut := func() {
		if left == "" {
			left = copyState(rt, s.world)
		}
	}
	if rapid.Bool().Draw(rt, "before") {
		s.hooks.before = cut
	} else {
		s.hooks.after = cut
	}
	s.turnNow(rt)
	s.hooks.before, s.hooks.after = nil, nil
	if left != "" {
		s.cfg.StateDir = left
	}
	s.restart(rt)
}

func (s *spender) restart(rt *rapid.T) {
	loop, err := autoscale.New(s.cfg)
	require.NoError(rt, err)
	s.loop = loop
}

// copyState returns a copy of the state directory.
func copyState(rt *rapid.T, w *world) string {
	dir := stateDir(w.T)
	require.NoError(rt, os.CopyFS(filepath.Join(dir, "copy"), os.DirFS(w.cfg.StateDir)))
	return filepath.Join(dir, "copy")
}

// TestNoRunCostsMoreThanTheBudget: whatever happens, the members that this program
// asks for cost no more in a period than the limit, or than the minimum alone if that
// is more; and what they cost while turns fail or the program is off.
func TestNoRunCostsMoreThanTheBudget(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		minimum := rapid.IntRange(1, 2).Draw(rt, "minimum")
		s := &spender{}
		s.world = newWorld(t, minimum, func(cfg *autoscale.Config) {
			cfg.Min, cfg.Max, cfg.Step = minimum, 9, rapid.IntRange(1, 3).Draw(rt, "step")
			cfg.StartTimeout, cfg.RepairAfter = 3*time.Minute, time.Minute
			cfg.Budget = budget.Plan{
				Period: budget.Hour, Price: 1, Limit: rapid.Float64Range(0.5, 6).Draw(rt, "limit"),
				Hourly: rapid.SampledFrom([]float64{0, 4}).Draw(rt, "hourly"),
			}
			if rapid.Bool().Draw(rt, "by load") {
				s.load = &gauge{}
				cfg.Policy, cfg.Signals = exact{}, []autoscale.Signal{s.load}
			}
		})
		s.loop.RunOnce(rt.Context()) // from here on it counts
		turn := s.turnNow
		rt.Repeat(map[string]func(*rapid.T){
			"turn": turn,
			"turns": func(rt *rapid.T) {
				for range 10 {
					s.loop.Record(rt.Context(), up)
					turn(rt)
				}
			},
			"up":      func(rt *rapid.T) { s.loop.Record(rt.Context(), up); turn(rt) },
			"down":    func(rt *rapid.T) { s.loop.Record(rt.Context(), down); turn(rt) },
			"restart": s.restart,
			"crash":   s.crash,
			"off":     func(rt *rapid.T) { s.pass(rt, rapid.IntRange(2, 90).Draw(rt, "minutes")) },
			"load": func(rt *rapid.T) {
				if s.load != nil {
					s.load.load.Members = float64(rapid.IntRange(0, 12).Draw(rt, "load"))
				}
				turn(rt)
			},
			"hang": func(rt *rapid.T) {
				s.pool.SetHealth(rapid.IntRange(0, s.pool.Size()-1).Draw(rt, "member"), autoscale.Unhealthy)
			},
			"heal": func(*rapid.T) {
				for n := range s.pool.Size() {
					s.pool.SetHealth(n, autoscale.Healthy)
				}
			},
			"refuse":      func(*rapid.T) { s.pool.FailNext("resize", autoscale.ErrRefused) },
			"lose answer": func(*rapid.T) { s.pool.LoseNext("resize", errors.New("timeout")) },
			"not evict":   func(*rapid.T) { s.pool.FailNext("evict", autoscale.ErrRefused) },
			"API down":    func(*rapid.T) { s.pool.FailNext("status", errors.New("502")) },
		})
	})
}
