package replay

import "time"

// Demand returns the load of each tick.
func (t Trace) Demand(tick time.Duration, peak float64) []float64 { return t.demand(tick, peak) }

// A Moment is a moment of a pool, for tests of the figures.
type Moment struct {
	Load           float64
	Needed, Asked  int
	Exist, Serving int
}

// Measure returns the figures of moments that are tick apart, with a turn in each.
func Measure(tick time.Duration, moments ...Moment) Figures {
	m := meter{tick: tick, interval: 1}
	for i, now := range moments {
		m.add(i, moment{load: now.Load, needed: now.Needed, asked: now.Asked, exist: now.Exist, serving: now.Serving})
	}
	return m.figures()
}

// Webhooks returns when, in a minute's steps of ten seconds, an alert sends webhooks
// whose rule holds as given.
func Webhooks(holds ...bool) []time.Duration {
	var a alert
	var sent []time.Duration
	for i, h := range holds {
		if at := time.Duration(i) * evaluation; a.evaluate(at, h) {
			sent = append(sent, at)
		}
	}
	return sent
}

// A ModelPool is the model of a pool with its clock.
type ModelPool struct {
	*pool
	clock *virtualClock
}

// NewModelPool returns a pool with members that serve.
func NewModelPool(cfg Config, size int) ModelPool {
	clock := &virtualClock{now: begin()}
	return ModelPool{newPool(cfg, clock, size), clock}
}

// Advance lets time pass, and returns how many members serve then.
func (p ModelPool) Advance(d time.Duration) int {
	p.clock.now = p.clock.now.Add(d)
	p.wake()
	return p.serving
}
