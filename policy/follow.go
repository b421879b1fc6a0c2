package policy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/policy/forecast"
)

const (
	// surge is how much larger a load may be than what a saturated signal shows.
	surge = 1.4
	// reluctance is how many members a load has to take less than a whole number
	// before the pool shrinks, if it grew last: each reversal costs a start.
	reluctance = 0.1
)

// A FollowConfig is what [NewFollow] needs. A field that is zero has its default.
type FollowConfig struct {
	// Shortage is the part of the load that may find no member, as a mean over time,
	// above 0 and below 1. Default 0.001.
	Shortage float64
	// Worth is how many percent more the pool may cost for one percent less
	// shortage, 1 to 1,000; fewer the more shortage there is. A load that cannot be
	// foreseen has more shortage than Shortage rather than cost more. Default 20.
	Worth float64
	// StartTime is how long members take until they serve while none was seen to
	// start yet. Default 2 minutes.
	StartTime time.Duration
}

// Follow keeps the pool as small as its load allows, for members that take minutes
// until they serve. It forecasts the load (see package forecast), and asks for as
// many members as that takes when they serve. It keeps those that are needed until
// then. While it has seen too little it is a target policy with a fixed margin.
type Follow struct {
	cfg   FollowConfig
	model forecast.Config
}

// NewFollow returns a policy that follows the load.
func NewFollow(cfg FollowConfig) (*Follow, error) {
	if cfg.Shortage == 0 {
		cfg.Shortage = 0.001
	}
	if cfg.Worth == 0 {
		cfg.Worth = 20
	}
	if cfg.StartTime == 0 {
		cfg.StartTime = 2 * time.Minute
	}
	if cfg.StartTime < 0 || cfg.StartTime > autoscale.MaxStartTimeout {
		return nil, fmt.Errorf("start time %s: want up to %s", cfg.StartTime, autoscale.MaxStartTimeout)
	}
	f := &Follow{cfg: cfg, model: forecast.Config{Shortage: cfg.Shortage, Worth: cfg.Worth}}
	_, err := forecast.New(f.model)
	return f, err
}

// followed is what the policy remembers.
type followed struct {
	load *forecast.Model
	size int  // in the last turn
	grew bool // when it changed last
}

// Name implements [autoscale.Policy].
func (*Follow) Name() string { return "follow" }

// Learn implements [autoscale.Policy].
func (f *Follow) Learn(m autoscale.Memory, o autoscale.Observation) autoscale.Memory {
	past, ok := m.(*followed)
	if !ok {
		model, err := forecast.New(f.model)
		if err != nil {
			return m // NewFollow would have failed
		}
		past = &followed{load: model, size: o.Size}
	}
	if o.Size != past.size {
		past.grew, past.size = o.Size > past.size, max(o.Size, 0)
	}
	s := forecast.Sample{
		At: o.Time, Load: o.Load.Members, AtLeast: o.Load.AtLeast || o.LoadErr != nil,
		Interval: o.Interval, Lead: f.lead(o),
	}
	if o.Load.At.IsZero() {
		s.Load = math.NaN()
	}
	past.load.Learn(s)
	return past
}

// lead returns how long new members take until they serve.
func (f *Follow) lead(o autoscale.Observation) time.Duration {
	if o.StartTime > 0 {
		return o.StartTime
	}
	return f.cfg.StartTime
}

// Decide implements [autoscale.Policy].
func (f *Follow) Decide(m autoscale.Memory, o autoscale.Observation) autoscale.Wish {
	past, ok := m.(*followed)
	if !ok || o.Load.At.IsZero() {
		return autoscale.Wish{Size: o.Size, Why: "the load is not known"}
	}
	then, until := past.load.Predict()
	want := whole(then.Need())
	keep := until.Need()
	if past.grew {
		keep += reluctance
	}
	switch {
	case o.Load.AtLeast && max(want, whole(surge*o.Load.Members)) > o.Size:
		return autoscale.Wish{
			Size: max(want, whole(surge*o.Load.Members)),
			Why:  fmt.Sprintf("the load takes at least %.1f members: the measure is saturated, so it may be much more", o.Load.Members),
		}
	case want > o.Size:
		return autoscale.Wish{Size: want, Why: f.say(then, o), Forecast: shown(then)}
	case o.Load.AtLeast:
		return autoscale.Wish{Size: o.Size, Why: "the measure of the load is saturated"}
	case whole(keep) < o.Size:
		return autoscale.Wish{Size: whole(keep), Why: f.say(until, o), Forecast: shown(until)}
	default:
		return autoscale.Wish{Size: o.Size, Why: f.say(until, o), Forecast: shown(until)}
	}
}

// whole returns how many whole members a need takes.
func whole(need float64) int { return members(min(need, autoscale.MaxSize)) }

// shown is what decisions and metrics show of a prediction.
func shown(p forecast.Prediction) *autoscale.Forecast {
	return &autoscale.Forecast{Members: p.Load, Margin: p.Margin, Expert: p.Expert}
}

// say explains a prediction.
func (f *Follow) say(p forecast.Prediction, o autoscale.Observation) string {
	ahead := (f.lead(o) + o.Interval).Round(time.Second)
	switch {
	case p.Learning:
		return fmt.Sprintf("learning: the load takes %.1f members, and may take %.1f more in the next %s", p.Load, p.Margin, ahead)
	case p.Margin < 0:
		return fmt.Sprintf("in the next %s the load takes up to %.1f members: %s says %.1f, %.1f too many", ahead, p.Need(), p.Expert, p.Load, -p.Margin)
	default:
		return fmt.Sprintf("in the next %s the load takes up to %.1f members: %s says %.1f, and is up to %.1f too low", ahead, p.Need(), p.Expert, p.Load, p.Margin)
	}
}

// Encode implements [autoscale.Policy].
func (*Follow) Encode(m autoscale.Memory) ([]byte, error) {
	past, ok := m.(*followed)
	if !ok {
		return nil, nil
	}
	head := uint64(past.size) << 1 //nolint:gosec // sizes are not negative
	if past.grew {
		head |= 1
	}
	return append(binary.AppendUvarint(nil, head), past.load.Encode()...), nil
}

// Decode implements [autoscale.Policy].
func (f *Follow) Decode(data []byte) (autoscale.Memory, error) {
	if len(data) == 0 {
		return nil, nil
	}
	head, n := binary.Uvarint(data)
	if n <= 0 || head>>1 > math.MaxInt32 {
		return nil, errors.New("it does not begin with the size of a pool")
	}
	model, err := forecast.Decode(f.model, data[n:])
	if err != nil {
		return nil, err
	}
	return &followed{load: model, size: int(head >> 1), grew: head&1 == 1}, nil
}
