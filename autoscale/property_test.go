package autoscale_test

import (
	"errors"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/exopool/exopool/autoscale"
)

// A schedule is a random schedule of webhooks, turns, faults, foreign changes
// and crashes, with an account of it that the program does not see.
type schedule struct {
	*world
	reg      *prometheus.Registry
	recorded map[autoscale.Direction]int // webhooks ever answered
	reported map[autoscale.Direction]int // settled by programs that are dead now
	unspent  map[autoscale.Direction]int // webhooks that no step was taken for
	previous int                         // size before the last resize
	series   map[string]bool             // with a reason, at the start
}

// run starts the program on what the disk holds.
func (s *schedule) run(rt *rapid.T) {
	s.reg = prometheus.NewRegistry()
	s.cfg.Registerer = s.reg
	loop, err := autoscale.New(s.cfg)
	require.NoError(rt, err)
	s.loop = loop
	s.series, _ = seriesWithReason(rt, s.reg)
}

// settled returns how many webhooks the running program has accounted for.
func (s *schedule) settled(rt *rapid.T) map[autoscale.Direction]int {
	families, err := s.reg.Gather()
	require.NoError(rt, err)
	sums := map[autoscale.Direction]int{}
	for _, f := range families {
		if f.GetName() != "exopool_autoscaler_webhooks_settled_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if l.GetName() == "direction" {
					sums[autoscale.Direction(l.GetValue())] += int(m.GetCounter().GetValue())
				}
			}
		}
	}
	return sums
}

// resized checks and records every change that the program makes.
func (s *schedule) resized(rt *rapid.T, from int) {
	to := s.pool.Size()
	if to == from {
		return
	}
	direction := autoscale.Up
	if to < from {
		direction = autoscale.Down
	}
	require.LessOrEqual(rt, max(to-from, from-to), s.cfg.Step, "more than a step from %d to %d", from, to)
	if from < s.cfg.Min && to > from || from > s.cfg.Max && to < from {
		s.unspent[direction] = 0 // a webhook may have had its part in it
	} else {
		require.Positive(rt, s.unspent[direction], "a step from %d to %d without a webhook of its own", from, to)
		require.True(rt, s.cfg.Min <= to && to <= s.cfg.Max, "left the bounds from %d to %d", from, to)
		s.unspent[direction] = 0
	}
	s.previous = from
}

// crash forgets the program; only what the disk holds at this point remains.
func (s *schedule) crash(rt *rapid.T) {
	s.checkSeries(rt)
	for direction, count := range s.settled(rt) {
		s.reported[direction] += count
	}
	s.cfg.StateDir = s.diskNow()
}

// checkSeries checks that all series with a reason were there from the start.
func (s *schedule) checkSeries(rt *rapid.T) {
	series, _ := seriesWithReason(rt, s.reg)
	require.Equal(rt, s.series, series)
}

func (s *schedule) webhook(rt *rapid.T) {
	s.clock.Advance(time.Second) // closer ones share one write, and their number is only information
	direction := rapid.SampledFrom([]autoscale.Direction{up, down}).Draw(rt, "direction")
	s.loop.Record(rt.Context(), direction)
	s.recorded[direction]++
	s.unspent[direction]++
}

func (s *schedule) takeTurn(rt *rapid.T) {
	s.clock.Advance(time.Minute)
	s.loop.RunOnce(rt.Context())
}

// crashInResize is a power cut just before or just after the request.
func (s *schedule) crashInResize(rt *rapid.T) {
	crashed := false
	cut := func() { crashed = true; s.crash(rt) }
	bookkeeping := *s.hooks
	if rapid.Bool().Draw(rt, "before") {
		s.hooks.before = func() { bookkeeping.before(); cut() }
		s.pool.FailNext("resize", errors.New("power cut"))
	} else {
		s.hooks.after = func() { bookkeeping.after(); cut() }
	}
	s.takeTurn(rt)
	s.hooks.before, s.hooks.after = bookkeeping.before, bookkeeping.after
	if crashed {
		s.run(rt)
	}
}

func TestRandomSchedules(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := &schedule{
			world:    newWorld(t, 3, func(cfg *autoscale.Config) { cfg.Min, cfg.Step = 2, rapid.IntRange(1, 3).Draw(rt, "step") }),
			recorded: map[autoscale.Direction]int{}, reported: map[autoscale.Direction]int{}, unspent: map[autoscale.Direction]int{},
		}
		from := 0
		s.hooks.before = func() { from = s.pool.Size() }
		s.hooks.after = func() { s.resized(rt, from) }
		s.run(rt)
		rt.Repeat(map[string]func(*rapid.T){
			"webhook":       s.webhook,
			"webhook again": s.webhook,
			"turn":          s.takeTurn,
			"turn again":    s.takeTurn,
			"crash":         func(rt *rapid.T) { s.crash(rt); s.run(rt) },
			"crash in turn": s.crashInResize,
			"refuse":        func(*rapid.T) { s.pool.FailNext("resize", autoscale.ErrRefused) },
			"lose request":  func(*rapid.T) { s.pool.FailNext("resize", errors.New("timeout")) },
			"lose answer":   func(*rapid.T) { s.pool.LoseNext("resize", errors.New("timeout")) },
			"API down":      func(*rapid.T) { s.pool.FailNext("status", errors.New("502")) },
			"busy":          func(*rapid.T) { s.pool.SetState("scaling-up") },
			"running":       func(*rapid.T) { s.pool.SetState("") },
			"linger":        func(rt *rapid.T) { s.pool.Linger(rapid.IntRange(1, 3).Draw(rt, "members")) },
			"long wait":     func(*rapid.T) { s.clock.Advance(4 * time.Minute) },
			"foreign change": func(rt *rapid.T) {
				// Undoing a resize whose answer was lost cannot be told
				// from a resize that never happened.
				if size := rapid.IntRange(0, 8).Draw(rt, "size"); size != s.previous {
					s.pool.SetSize(size)
				}
			},
			"": func(rt *rapid.T) {
				waitUp, waitDown := s.loop.Pending()
				// What the program calls settled must not cause a step either.
				s.unspent[up] = min(s.unspent[up], waitUp.Count)
				s.unspent[down] = min(s.unspent[down], waitDown.Count)
				now := s.settled(rt)
				require.Equal(rt, s.recorded[up], s.reported[up]+now[up]+waitUp.Count, "every up is accounted for")
				require.Equal(rt, s.recorded[down], s.reported[down]+now[down]+waitDown.Count, "every down is accounted for")
			},
		})
		s.checkSeries(rt)
	})
}
