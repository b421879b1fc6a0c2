package forecast

import (
	"fmt"
	"math"
	"time"
)

const (
	maxLoad  = 1e9 // members
	maxAhead = 8   // slots of a horizon

	horizons = 16 // predictions that are kept; more than maxAhead+1
)

// A Config says what a model aims at.
type Config struct {
	// Shortage is how much of the load may find no member, as a mean over time,
	// above 0 and below 1.
	Shortage float64
	// Worth bounds what is spent on that: the percentage of the pool's cost that it
	// is worth to have one percent less shortage, 1 to 1,000. A load that cannot be
	// foreseen has more shortage than Shortage then, and the more it has, the less
	// is spent on the last of it: at ten times Shortage six tenths of Worth.
	Worth float64
}

func (cfg Config) check() error {
	switch {
	case !(cfg.Shortage > 0 && cfg.Shortage < 1):
		return fmt.Errorf("shortage %v: want more than 0 and less than 1", cfg.Shortage)
	case !(cfg.Worth >= 1 && cfg.Worth <= 1000):
		return fmt.Errorf("worth %v: want 1 to 1000", cfg.Worth)
	default:
		return nil
	}
}

// A Sample is what one turn measures.
type Sample struct {
	At       time.Time
	Load     float64       // members that the load takes; NaN: not known
	AtLeast  bool          // the load may have been larger
	Interval time.Duration // from one turn to the next
	Lead     time.Duration // from asking for a member until it serves
}

// A Prediction is how large the load will be, and how much more it may be.
type Prediction struct {
	Load   float64 // members
	Margin float64 // members; negative if the expert is known to say too much
	Expert string  // who has the largest part in it
	// Learning: there are too few errors to tell experts apart. The prediction is
	// the load with a fixed margin.
	Learning bool
}

// Need returns the load with its margin, 0 or more.
func (p Prediction) Need() float64 { return max(p.Load+p.Margin, 0) }

// mixed is what the experts say together.
type mixed struct {
	load, need float64
	expert     uint8 // who has the largest part in it
	learning   bool
}

func (x mixed) prediction() Prediction {
	return Prediction{Load: x.load, Margin: x.need - x.load, Expert: nameOf(int(x.expert)), Learning: x.learning}
}

// A judged prediction is kept until its time has come.
type judged struct {
	from, to int64 // slots that it is about; to is 0: none
	price    float64
	mixed    mixed
	load     [experts]float64
	size     [experts]float64 // of an error
	need     [experts]float64
	asked    [experts]float64 // members, with those that are kept for earlier predictions
	class    [experts]uint8
}

// A Model forecasts a load.
type Model struct {
	cfg   Config
	slot  time.Duration // a slot is one turn, or a few
	zero  time.Duration // a slot begins at zero, and every slot from there
	now   int64         // number of the newest slot; 0: none
	turns int64         // that measured it
	made  int64         // predictions that were judged

	minute int64
	recent recent
	week   week
	outage outage
	blend  blend

	level  mean // of the members that the load took
	short  mean // of the part of the load that its own predictions had no member for
	price  float64
	loss   [experts]mean
	spread [experts]float64 // recent mean of the errors
	weight [2]float64       // of a new error, without and with classes
	errors [experts][]histogram
	kept   [horizons]judged
}

// New returns a model that has learned nothing.
func New(cfg Config) (*Model, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	m := &Model{cfg: cfg, price: cfg.Worth, short: mean{value: cfg.Shortage, weight: firstShort}, weight: [2]float64{1, 1}}
	for e := range m.errors {
		m.errors[e] = make([]histogram, classesOf(e))
		m.spread[e] = firstSpread
		if classesOf(e) == 1 {
			for _, f := range firstErrors {
				m.errors[e][0].add(f.size, f.weight)
			}
		}
	}
	return m, nil
}

// A mean forgets slowly.
type mean struct{ value, weight float64 }

func (m *mean) add(v, memory float64) {
	m.weight = m.weight*(1-1/memory) + 1
	m.value += (v - m.value) / m.weight
}

// members returns the least members that carry a load; a pool has one at least.
func members(load float64) float64 { return max(1, math.Ceil(load-1e-9)) }
