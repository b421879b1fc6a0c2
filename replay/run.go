package replay

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/exopool/exopool/autoscale"
)

// A Result is how a contender has followed a trace.
type Result struct {
	Trace, Contender string
	Figures          Figures
	Timeline         []Sample
}

// Run replays a trace. It calls progress from time to time, if that is not nil,
// with the share of the trace that is done. It fails if the settings are wrong,
// the load is known nowhere, or ctx ends.
func Run(ctx context.Context, trace Trace, cfg Config, contender Contender, progress func(share float64)) (Result, error) {
	if err := cfg.Validate(); err != nil {
		return Result{}, err
	}
	tick := cfg.tick()
	demand := trace.demand(tick, cfg.Peak)
	first := firstKnown(demand)
	if first < 0 {
		return Result{}, fmt.Errorf("trace %s: is shorter than %s, or knows no load", trace.Name, tick)
	}
	m := newModel(cfg, demand, max(cfg.needed(demand[first]), 1))
	turn, err := m.prepare(ctx, contender)
	if err != nil {
		return Result{}, err
	}
	if err := m.play(ctx, turn, progress); err != nil {
		return Result{}, fmt.Errorf("replay %s with %s: %w", trace.Name, contender.Name, err)
	}
	return Result{Trace: trace.Name, Contender: contender.Name, Figures: m.meter.figures(), Timeline: m.timeline.list}, nil
}

// firstKnown returns the first tick whose load is known; -1: none is.
func firstKnown(demand []float64) int {
	for i, load := range demand {
		if !math.IsNaN(load) {
			return i
		}
	}
	return -1
}

// A model is a pool under a load, in virtual time.
type model struct {
	cfg      Config
	tick     time.Duration
	demand   []float64 // of each tick, in members at the objective
	clock    *virtualClock
	pool     *pool
	cpu      *window // CPU use of the members that serve, 0 to 1
	ages     []int   // of members, in ticks
	load     *window // what of demand the last minute had
	wanted   int     // by the policy; 0: not known
	meter    meter
	timeline *timeline
}

func newModel(cfg Config, demand []float64, size int) *model {
	tick, clock := cfg.tick(), &virtualClock{now: begin()}
	return &model{
		cfg: cfg, tick: tick, demand: demand, clock: clock, pool: newPool(cfg, clock, size),
		cpu:      newWindow(int(time.Minute / tick)),
		ages:     make([]int, int(time.Minute/tick)+1),
		load:     newWindow(int(time.Minute / tick)),
		meter:    meter{tick: tick, interval: int(cfg.Interval / tick)},
		timeline: newTimeline(len(demand), cfg.Samples),
	}
}

// prepare returns what is to be done in each tick, before it.
func (m *model) prepare(ctx context.Context, contender Contender) (func(at time.Duration), error) {
	if contender.clairvoyant {
		o := oracle{cfg: m.cfg, pool: m.pool, demand: m.demand}
		m.pool.boot, m.pool.fails = 0, 0 // it knows which starts would fail
		o.turn(0)                        // it has begun before the trace does
		m.pool.boot = m.cfg.Boot
		return func(at time.Duration) {
			if at%m.cfg.Interval == 0 {
				o.turn(at)
			}
		}, nil
	}
	loop, err := autoscale.New(m.loopConfig(contender))
	if err != nil {
		return nil, err
	}
	var rules alerts
	return func(at time.Duration) {
		if contender.Policy == nil && at%evaluation == 0 {
			rules.evaluate(ctx, at, m.cpuUse(), loop)
		}
		if at > 0 && at%m.cfg.Interval == 0 {
			m.wanted = wanted(loop.RunOnce(ctx))
		}
	}, nil
}

// wanted returns the size that the policy wanted in a turn; 0: it was not asked.
func wanted(d autoscale.Decision) int {
	if len(d.Candidates) == 0 {
		return 0
	}
	return d.Candidates[0].Size
}

// loopConfig returns the configuration of the loop: its defaults, but for what the
// model and the contender say.
func (m *model) loopConfig(contender Contender) autoscale.Config {
	cfg := autoscale.DefaultConfig()
	if cfg.Policy = contender.Policy; cfg.Policy != nil {
		cfg.Signals = []autoscale.Signal{m.signal(contender)}
	}
	cfg.Pool, cfg.Clock, cfg.PoolName = m.pool, m.clock, "replay"
	cfg.Min, cfg.Max, cfg.Interval = m.cfg.Min, m.cfg.Max, m.cfg.Interval
	cfg.Guards = contender.Guards
	cfg.StartTimeout = max(cfg.StartTimeout, 2*m.cfg.Boot)
	return cfg
}

// play plays all ticks.
func (m *model) play(ctx context.Context, turn func(at time.Duration), progress func(share float64)) error {
	const ticks = 10_000 // between two reports
	for i, load := range m.demand {
		if i%ticks == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			if progress != nil {
				progress(float64(i) / float64(len(m.demand)))
			}
		}
		at := time.Duration(i) * m.tick
		m.clock.now = begin().Add(at)
		m.pool.wake()
		turn(at)
		m.observe(i, at, load)
	}
	return nil
}

// observe records what happens in a tick.
func (m *model) observe(tick int, at time.Duration, load float64) {
	now := moment{load: load, wanted: m.wanted, asked: len(m.pool.members), exist: len(m.pool.members), serving: m.pool.serving}
	cpu := math.NaN()
	if !math.IsNaN(load) {
		now.needed = m.cfg.needed(load)
	}
	if now.serving > 0 {
		cpu = min(load*m.cfg.Objective/float64(now.serving), 1)
	}
	m.cpu.add(cpu)
	m.load.add(load)
	m.meter.add(tick, now)
	m.timeline.add(tick, at, now)
}

// cpuUse returns the average CPU use of the members that serve, of each over the last
// minute or as long as it has served; NaN: nothing is known.
func (m *model) cpuUse() float64 {
	m.pool.ages(m.tick, m.ages)
	sum, count := 0.0, 0
	for ticks, members := range m.ages {
		if use := m.cpu.newest(ticks); members > 0 && !math.IsNaN(use) {
			sum += use * float64(members)
			count += members
		}
	}
	return sum / float64(count)
}
