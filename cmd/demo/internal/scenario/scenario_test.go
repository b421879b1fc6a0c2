package scenario_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/demo/internal/scenario"
	"github.com/exopool/exopool/cmd/demo/internal/view"
	"github.com/exopool/exopool/internal/rehearsal/traffic"
)

// A pool is a system whose size and average follow a timetable, counted from
// when the load was last changed.
type pool struct {
	mu      sync.Mutex // for the user and the scenario at once
	changed time.Time
	clients int
	on, off []reading
	phases  []view.Phase

	bootsOut bool // of the average that the alerts see
	taken    chan struct{}
	starts   time.Time // when the first member begins to serve
}

type reading struct {
	from    time.Duration
	wanted  int
	healthy int
	average float64
	late    int // steps down whose end the autoscaler does not know yet
}

func (p *pool) TakenOver() <-chan struct{} { return p.taken }
func (p *pool) SetPhase(phase view.Phase)  { p.phases = append(p.phases, phase) }

func (p *pool) SetClients(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clients, p.changed = n, time.Now()
}

func (p *pool) Window(from, to time.Time) traffic.Window {
	return traffic.Window{Requests: int(to.Sub(from).Seconds()), P95: to.Sub(from)}
}

func (p *pool) Snapshot() view.Snapshot {
	p.mu.Lock()
	defer p.mu.Unlock()
	table := p.off
	if p.clients > 0 {
		table = p.on
	}
	now := reading{wanted: 1, healthy: 1}
	if time.Now().Before(p.starts) {
		now.healthy = 0
	}
	if !p.changed.IsZero() {
		for _, r := range table {
			if time.Since(p.changed) >= r.from {
				now = r
			}
		}
	}
	v := view.Snapshot{
		Settings:   view.Settings{Min: 1, Max: 5, HighThreshold: 80, LowThreshold: 20, Alerting: "rules"},
		Pool:       view.Pool{Wanted: now.wanted},
		AverageCPU: &now.average,
		Alerts:     view.Alerts{High: view.AlertInactive, Low: view.AlertInactive},
		Load:       view.Load{Clients: p.clients, Requests: 100},
	}
	v.Steps.Up, v.Steps.Down = p.stepsOf(now)
	if p.bootsOut {
		plain := now.average * float64(now.healthy) / float64(now.wanted)
		v.Settings.BootAware, v.PlainCPU = 7.5, &plain
	}
	if now.average > 80 {
		v.Alerts.High = view.AlertFiring
	}
	for i := range now.wanted {
		m := view.Member{State: view.MemberBooting}
		if i < now.healthy {
			m.State = view.MemberHealthy
		}
		v.Pool.Members = append(v.Pool.Members, m)
	}
	return v
}

// stepsOf returns the steps that lead to a reading, all but the last of which
// are known when the timetable says that one is late.
func (p *pool) stepsOf(now reading) (up, down int) {
	if p.clients > 0 || p.changed.IsZero() {
		return now.wanted - 1, 0
	}
	top := p.on[len(p.on)-1].wanted
	return top - 1, top - now.wanted - now.late
}

var config = scenario.Config{Clients: 10, Hold: 5 * time.Second, Timeout: time.Minute}

func TestRun(t *testing.T) {
	shrinks := []reading{{0, 3, 3, 70, 0}, {4 * time.Second, 2, 2, 0, 0}, {8 * time.Second, 1, 1, 0, 0}}
	tests := map[string]struct {
		on, off []reading
		failure string
		phases  []view.Phase
		peak    int
	}{
		"the pool follows the load": {
			on:     []reading{{0, 1, 1, 99, 0}, {2 * time.Second, 3, 1, 99, 0}, {6 * time.Second, 3, 3, 70, 0}},
			off:    shrinks,
			phases: []view.Phase{view.PhaseStarting, view.PhaseLoadOn, view.PhaseHolding, view.PhaseLoadOff, view.PhaseDone},
			peak:   3,
		},
		"a new member's idle start is no relief": {
			on: []reading{
				{0, 1, 1, 99, 0},
				{2 * time.Second, 2, 2, 50, 0},
				{3 * time.Second, 2, 2, 95, 0},
				{8 * time.Second, 3, 3, 70, 0},
			},
			off: shrinks,
			phases: []view.Phase{
				view.PhaseStarting, view.PhaseLoadOn, view.PhaseHolding, view.PhaseLoadOn,
				view.PhaseHolding, view.PhaseLoadOff, view.PhaseDone,
			},
			peak: 3,
		},
		"a pool that does not grow times out": {
			on:      []reading{{0, 1, 1, 99, 0}},
			failure: "timed out after 1m0s waiting for the pool to grow",
			phases:  []view.Phase{view.PhaseStarting, view.PhaseLoadOn},
			peak:    1,
		},
		"a pool that does not shrink times out": {
			on:      []reading{{0, 1, 1, 99, 0}, {2 * time.Second, 2, 2, 70, 0}},
			off:     []reading{{0, 2, 2, 0, 0}},
			failure: "waiting for the pool to shrink",
			phases:  []view.Phase{view.PhaseStarting, view.PhaseLoadOn, view.PhaseHolding, view.PhaseLoadOff},
			peak:    2,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				system := &pool{on: tt.on, off: tt.off}
				run := scenario.New(system, config)

				err := run.Run(t.Context())

				if tt.failure == "" {
					require.NoError(t, err)
				} else {
					require.ErrorContains(t, err, tt.failure)
				}
				assert.Equal(t, tt.phases, system.phases)
				assert.Equal(t, tt.peak, run.Summary().PeakSize)
			})
		})
	}
}

func TestSummaryMeasuresTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		system := &pool{
			on:  []reading{{0, 1, 1, 99, 0}, {20 * time.Second, 2, 1, 97, 0}, {30 * time.Second, 2, 2, 70, 0}},
			off: []reading{{0, 2, 2, 70, 0}, {10 * time.Second, 1, 1, 0, 1}, {12 * time.Second, 1, 1, 0, 0}},
		}
		run := scenario.New(system, config)
		require.NoError(t, run.Run(t.Context()))

		s := run.Summary()

		s.Judge()
		assert.Empty(t, s.Failures)
		assert.Equal(t, []int{1, 2, 1}, []int{s.StartSize, s.PeakSize, s.EndSize})
		assert.InDelta(t, 30, *s.SecondsToSecondMember, 0.2)
		assert.InDelta(t, 30_000, *s.P95MsBefore, 200, "the system calls the length of a window its latency")
		assert.InDelta(t, 5_000, *s.P95MsAfter, 200)
		assert.InDelta(t, 99, *s.AvgCPUBefore, 0)
		assert.InDelta(t, 70, *s.AvgCPUAtPeak, 0)
		assert.Equal(t, "rules", s.Alerting)
		assert.Equal(t, []int{1, 1}, []int{s.StepsUp, s.StepsDown}, "the last step is waited for")
		assert.InDelta(t, 47, s.DurationSeconds, 0.5)
	})
}

func TestSummaryShowsWhatLeavingOutMembersThatBootChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		system := &pool{
			on:       []reading{{0, 1, 1, 99, 0}, {10 * time.Second, 2, 1, 98, 0}, {20 * time.Second, 2, 2, 70, 0}},
			off:      []reading{{0, 1, 1, 0, 0}},
			bootsOut: true,
		}
		run := scenario.New(system, config)
		require.NoError(t, run.Run(t.Context()))

		s := run.Summary()

		assert.InDelta(t, 7.5, s.BootAware, 0)
		assert.InDelta(t, 98, *s.WidestSeen, 0)
		assert.InDelta(t, 49, *s.WidestPlain, 0, "the one that boots is idle")
	})
}

func TestRunStopsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()

		err := scenario.New(&pool{on: []reading{{0, 1, 1, 99, 0}}}, config).Run(ctx)

		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

// In a run by hand, the phases follow what the user does, and nothing is judged.
func TestInteractiveRunFollowsTheUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		system := &pool{
			on:  []reading{{0, 1, 1, 99, 0}, {time.Minute, 4, 4, 60, 0}},
			off: []reading{{0, 4, 4, 0, 0}, {time.Minute, 1, 1, 0, 0}},
		}
		run := scenario.New(system, config)
		done := make(chan error, 1)
		go func() { done <- run.RunInteractive(ctx) }()

		time.Sleep(10 * time.Minute)
		synctest.Wait()
		assert.Equal(t, []view.Phase{view.PhaseStarting, view.PhaseReady}, system.phases)
		assert.Zero(t, system.clients, "the load begins when the user begins it")
		system.SetClients(3)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		assert.Equal(t, []view.Phase{view.PhaseLoadOn, view.PhaseHolding}, system.phases[2:])
		system.SetClients(0)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		assert.Equal(t, []view.Phase{view.PhaseLoadOff, view.PhaseReady}, system.phases[4:])
		cancel()

		require.NoError(t, <-done)
		assert.Equal(t, 4, run.Summary().PeakSize)
		assert.InDelta(t, 60, *run.Summary().SecondsToSecondMember, 0.2, "from the first client on")
		assert.True(t, run.Summary().ByHand)
	})
}

func TestAnInteractiveRunThatIsStoppedAtOnceIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()

		require.NoError(t, scenario.New(&pool{on: []reading{{0, 1, 0, 0, 0}}}, config).RunInteractive(ctx))
	})
}

func TestAUserWhoTakesOverEndsTheScenario(t *testing.T) {
	for name, play := range map[string]func(*scenario.Scenario, context.Context) error{
		"steady": (*scenario.Scenario).Run, "hill": (*scenario.Scenario).RunHill,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				system := &pool{on: []reading{{0, 1, 1, 99, 0}}, taken: make(chan struct{})}
				run := scenario.New(system, config)
				done := make(chan error, 1)
				go func() { done <- play(run, ctx) }()
				time.Sleep(2 * time.Second)
				synctest.Wait()
				assert.False(t, run.Summary().ByHand)

				close(system.taken)
				synctest.Wait()
				system.SetClients(1)
				time.Sleep(time.Hour) // longer than any phase may take
				synctest.Wait()
				assert.Equal(t, 1, system.clients, "the scenario sets no load any more")
				cancel()

				require.NoError(t, <-done)
				assert.True(t, run.Summary().ByHand)
				assert.Nil(t, run.Summary().Hill, "a part of a hill is nothing to compare")
			})
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				system := &pool{on: []reading{{0, 1, 1, 99, 0}}, taken: make(chan struct{}), starts: time.Now().Add(time.Minute / 2)}
				run := scenario.New(system, config)
				time.AfterFunc(time.Second, func() { close(system.taken) })

				require.NoError(t, play(run, ctx), "before the first member serves")
				assert.True(t, run.Summary().ByHand)
			})
		})
	}
}
