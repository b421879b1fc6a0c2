package forecast

import "math"

const (
	steering   = 0.0005 // of the price, a prediction
	leastWorth = 12.0   // less saves little
	plenty     = 0.4    // of the shortage that is aimed at: it may be more
	firstShort = 1440.0 // predictions with as much shortage as is aimed at, before the first
	yielding   = 0.2    // power by which much shortage lowers its price
)

// judge compares a prediction with what was measured, if all of it was.
func (m *Model) judge(p *judged) {
	capped := false
	for i := p.from; i <= p.to; i++ {
		if !m.recent.known[i%recentSize] {
			return
		}
		capped = capped || m.recent.capped[i%recentSize]
	}
	load := m.recent.most(p.from, p.to)
	took, served := members(load), m.served(p)
	for e := range experts {
		size := load - p.load[e]
		if capped && size <= 0 {
			continue // it may have been right
		}
		h := &m.errors[e][p.class[e]]
		if capped {
			h.addAtLeast(size/p.size[e], m.weight[weightOf(e)])
		} else {
			h.add(size/p.size[e], m.weight[weightOf(e)])
		}
		m.spread[e] += (math.Abs(size) - m.spread[e]) / spreadMemory
		m.loss[e].add(p.asked[e]+p.price*max(0, 1-served[e]/took), lossMemory)
	}
	if !capped {
		m.blend.learn(p.load[:forecasts], load)
	}
	if m.made++; m.made%blendTurns == 0 {
		m.blend.fit()
	}
	if !p.mixed.learning && !capped { // else it is not known how much lacked
		m.steer(max(0, 1-members(p.mixed.need)/took))
	}
}

// ask fills in how many members the experts ask for: those that they need for
// earlier predictions, whose time is still to come, stay.
func (m *Model) ask(p *judged) {
	for e, need := range p.need {
		p.asked[e] = members(need)
	}
	for i := range m.kept {
		if q := &m.kept[i]; q != p && q.to > m.now {
			for e, need := range q.need {
				p.asked[e] = max(p.asked[e], members(need))
			}
		}
	}
}

// served returns how many members would have served at the time of a prediction if
// each expert had decided alone: those that it has asked for in all turns since.
func (m *Model) served(p *judged) [experts]float64 {
	least := p.asked
	for i := range m.kept {
		if q := &m.kept[i]; q.to > p.to {
			for e, asked := range q.asked {
				least[e] = min(least[e], asked)
			}
		}
	}
	return least
}

// steer moves the price of shortage so that its mean stays near what is aimed at, as
// far as that is worth it.
func (m *Model) steer(short float64) {
	m.short.add(short, shortMemory)
	most := m.cfg.Worth
	switch part := m.short.value / m.cfg.Shortage; {
	case part > 1:
		m.price *= 1 + steering
		most = max(most*math.Pow(part, -yielding), 1)
	case part < plenty:
		m.price *= 1 - steering
	}
	m.price = min(max(m.price, min(leastWorth, m.cfg.Worth)), most)
}
