package autoscale

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"time"
)

// A Signal measures the load of the pool. It is asked once a turn, by one goroutine
// at a time.
type Signal interface {
	// Measure returns the load. serving is how many members serve it now. It
	// returns soon after ctx ends.
	Measure(ctx context.Context, serving int) (Load, error)
}

// A Load is what the members of a pool have to do together.
type Load struct {
	// Members is how many members that serve it takes to carry the load at the
	// objective; 0 or more, not rounded.
	Members float64 `json:"members"`
	// AtLeast: the measure is saturated, so that the load may be larger.
	AtLeast bool      `json:"at_least,omitempty"`
	At      time.Time `json:"at"` // it was measured
}

// A Reading is what was measured, and when.
type Reading struct {
	Value float64
	At    time.Time
}

// A Source is asked for one reading.
type Source func(ctx context.Context) (Reading, error)

// saturation is the part of what members can do at which a ratio no longer grows
// with the load: averages of busy machines stay a little below 1.
const saturation = 0.95

// A Ratio is a signal that saturates, such as the average CPU use of the members
// that serve, as a part of 1.
type Ratio struct {
	Source    Source
	Objective float64 // that members are to have, above 0 and up to 1
}

// Measure implements [Signal].
func (r Ratio) Measure(ctx context.Context, serving int) (Load, error) {
	reading, err := r.Source(ctx)
	if err != nil {
		return Load{}, err
	}
	return Load{
		Members: reading.Value * float64(serving) / r.Objective,
		AtLeast: reading.Value >= saturation, At: reading.At,
	}, nil
}

// An Amount is a signal that does not saturate, such as requests per second or the
// length of a queue.
type Amount struct {
	Source    Source
	PerMember float64 // that one member can take at the objective, above 0
}

// Measure implements [Signal].
func (a Amount) Measure(ctx context.Context, _ int) (Load, error) {
	reading, err := a.Source(ctx)
	if err != nil {
		return Load{}, err
	}
	return Load{Members: reading.Value / a.PerMember, At: reading.At}, nil
}

// signalShare is the part of a turn that all signals together may take: one in so
// many.
const signalShare = 4

// cpuSignal is the CPU use of the members that serve, or finish their work. One that is silent
// does nothing or all, so that the load may be larger.
type cpuSignal struct {
	members   []observedMember
	objective float64 // in percent
	at        time.Time
}

// Measure implements [Signal].
func (c cpuSignal) Measure(context.Context, int) (Load, error) {
	load := Load{At: c.at}
	var sum float64
	measured := 0
	for _, m := range c.members {
		switch {
		case m.Condition != serving && m.Condition != draining:
		case m.Measured:
			sum += min(m.Busy, 100)
			measured++
		case m.Condition == serving:
			load.AtLeast = true
		}
	}
	if measured == 0 {
		return Load{}, errNobodyMeasured
	}
	load.Members = sum / c.objective
	load.AtLeast = load.AtLeast || sum >= 100*saturation*float64(measured)
	return load, nil
}

// errNobodyMeasured: no load can be told from the members.
var errNobodyMeasured = errors.New("of no member that serves it is known how busy it is")

// errNoSignal: the policy has to do without a load.
var errNoSignal = errors.New("no signal is set")

// measureLoad asks all signals, and returns the largest load that they know. An error says
// what is not known: the load may be larger then.
func (l *Loop) measureLoad(ctx, calls context.Context, serving int) (Load, error) {
	signals := l.cfg.Signals
	if l.cfg.CPUObjective > 0 {
		signals = append(slices.Clone(signals), cpuSignal{members: l.members, objective: l.cfg.CPUObjective, at: l.busyAt})
	}
	if len(signals) == 0 {
		return Load{}, errNoSignal
	}
	asking, cancel := context.WithTimeout(calls, l.cfg.Timeout/signalShare)
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	var (
		largest Load
		errs    []error
	)
	for _, signal := range signals {
		load, err := measureOne(asking, signal, serving)
		if err == nil {
			err = l.checkLoad(load)
		}
		switch {
		case err != nil:
			errs = append(errs, err)
		case load.Members > largest.Members || largest.At.IsZero():
			load.AtLeast = load.AtLeast || largest.AtLeast
			largest = load
		default:
			largest.AtLeast = largest.AtLeast || load.AtLeast
		}
	}
	return largest, errors.Join(errs...)
}

// measureOne asks one signal, and turns a panic in it into an error.
func measureOne(ctx context.Context, signal Signal, serving int) (load Load, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic in a signal: %v", cause)
		}
	}()
	return signal.Measure(ctx, serving)
}

// maxLoad is far above what any pool carries.
const maxLoad = 100 * MaxSize

// checkLoad refuses what cannot be a load, or is not one of now.
func (l *Loop) checkLoad(load Load) error {
	now := l.cfg.Clock.Now()
	oldest := 2*l.cfg.Interval + time.Minute // signals are averages, and scraped
	switch {
	case math.IsNaN(load.Members) || load.Members < 0 || load.Members > maxLoad:
		return fmt.Errorf("a load of %v members", load.Members)
	case now.Sub(load.At) > oldest:
		return fmt.Errorf("the load was measured at %s, more than %s ago", load.At.UTC().Format(time.RFC3339), oldest)
	case load.At.Sub(now) > time.Minute:
		return fmt.Errorf("the load was measured at %s, which is in the future", load.At.UTC().Format(time.RFC3339))
	default:
		return nil
	}
}

// recordLoad measures the load, and lets the policy learn from the turn.
func (l *Loop) recordLoad(ctx, calls context.Context, d *Decision) {
	if l.cfg.Policy == nil {
		return
	}
	l.load, l.loadErr = l.measureLoad(ctx, calls, d.Conditions.Serving)
	d.LoadError = ""
	if l.loadErr != nil {
		d.LoadError = l.loadErr.Error()
	}
	if load := l.load; !load.At.IsZero() {
		d.Load = &load
	}
	l.metrics.policy.setLoad(l.load, l.loadErr)
	if fails := l.loadErr != nil; fails != l.loadFails {
		l.loadFails = fails
		if fails {
			l.cfg.Logger.LogAttrs(ctx, slog.LevelWarn, "the load is not known: the pool does not shrink until it is", l.attrs(slog.Any("err", l.loadErr))...)
		} else {
			l.cfg.Logger.LogAttrs(ctx, slog.LevelInfo, "the load is known again", l.attrs()...)
		}
	}
	l.memory.learn(l.observe(d).withoutSurplus().observation())
	l.reportStateError(ctx, l.memory.save())
}
