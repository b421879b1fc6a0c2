package forecast

import (
	"errors"
	"time"
)

const (
	version    = 2
	maxWeight  = 1e12
	maxCount   = 1 << 50
	maxSum     = 1e16
	maxProduct = 1e24 // of loads, over all that is remembered
)

// Encode returns all that the model has learned, in some ten thousand bytes to a
// hundred thousand.
func (m *Model) Encode() []byte {
	c := &codec{}
	m.visit(c)
	return c.data
}

// Decode returns a model that goes on where the encoded one was.
func Decode(cfg Config, data []byte) (*Model, error) {
	m, err := New(cfg)
	if err != nil {
		return nil, err
	}
	c := &codec{data: data, reading: true}
	m.visit(c)
	switch {
	case c.err != nil:
		return nil, c.err
	case len(c.data) > 0:
		return nil, errors.New("there is more than a model")
	case m.now != 0 && m.slot == 0:
		return nil, errors.New("its slots take no time")
	}
	m.price = min(m.price, cfg.Worth)
	return m, nil
}

// visit writes or reads all fields.
func (m *Model) visit(c *codec) {
	v := int64(version)
	c.count(&v, version, version)
	slot, zero := int64(m.slot), int64(m.zero)
	c.count(&slot, 0, int64(100*24*time.Hour))
	c.count(&zero, 0, 1<<63-1)
	m.slot, m.zero = time.Duration(slot), time.Duration(zero)
	c.count(&m.now, 0, maxCount)
	if m.now == 0 {
		return
	}
	if m.now < recentSize {
		c.failf("the slot %d is before the first", m.now)
	}
	c.count(&m.turns, 0, maxCount)
	c.count(&m.made, 0, maxCount)
	c.count(&m.minute, 0, maxCount)
	m.recent.visit(c)
	m.week.visit(c)
	m.outage.visit(c)
	m.blend.visit(c)
	m.level.visit(c)
	m.short.visit(c)
	c.number(&m.price, 1, 1000)
	for e := range experts {
		m.loss[e].visit(c)
		c.number(&m.spread[e], 0, maxSum)
		for i := range m.errors[e] {
			c.weights(&m.errors[e][i])
		}
		if c.reading && classesOf(e) == 1 && m.errors[e][0].total <= 0 {
			c.failf("a histogram is empty")
		}
	}
	for i := range m.weight {
		c.number(&m.weight[i], 1, 2*heaviest)
	}
	for i := range m.kept {
		m.kept[i].visit(c, m.now)
	}
}

func (r *recent) visit(c *codec) {
	for i := range r.load {
		c.number(&r.load[i], 0, maxLoad)
		c.flag(&r.capped[i])
		c.flag(&r.known[i])
	}
}

func (w *week) visit(c *codec) {
	c.count(&w.last, 0, maxCount)
	c.count(&w.first, 0, w.last)
	c.short(&w.count, maxWeight)
	known := min(w.last-w.first+1, weekSize)
	if w.last == 0 || c.err != nil {
		return
	}
	for i := range known {
		c.short(&w.load[(w.last-i)%weekSize], 2*maxLoad)
	}
}

func (m *mean) visit(c *codec) {
	c.number(&m.value, 0, maxSum)
	c.number(&m.weight, 0, maxSum)
}

func (o *outage) visit(c *codec) {
	c.count(&o.since, 0, maxCount)
	c.count(&o.back, 0, maxCount)
	c.number(&o.load, 0, maxLoad)
	o.usual.visit(c)
	o.quiet.visit(c)
}

func (p *judged) visit(c *codec, now int64) {
	c.count(&p.to, 0, now+horizons)
	if p.to == 0 {
		return
	}
	c.count(&p.from, max(p.to-horizons, 1), p.to)
	c.number(&p.price, 0, maxSum)
	c.number(&p.mixed.load, 0, maxLoad)
	c.number(&p.mixed.need, 0, 2*maxLoad)
	c.small(&p.mixed.expert, experts)
	c.flag(&p.mixed.learning)
	for e := range experts {
		c.number(&p.load[e], 0, maxLoad)
		c.number(&p.size[e], leastSpread, maxSum)
		c.number(&p.need[e], 0, maxLoad)
		c.number(&p.asked[e], 1, maxLoad)
		c.small(&p.class[e], classesOf(e))
	}
}
