package forecast

import (
	"time"
)

const (
	levelMemory  = 2000.0  // slots
	lossMemory   = 2000.0  // predictions
	shortMemory  = 10080.0 // predictions
	errorMemory  = 1440.0  // slots: about a day
	classMemory  = 10080.0 // slots: about a week
	spreadMemory = 30.0    // predictions

	heaviest      = 1e6 // weight of a new error before all are rescaled
	firstSpread   = 0.3 // members
	leastSpread   = 0.02
	leastRootLoad = 0.25 // below this, an error is no smaller
	fromAll       = 5.0  // errors that a class has from the whole

	longestGap = 60 // slots
)

// firstErrors stand for those of a load that is not known yet.
var firstErrors = [...]struct{ size, weight float64 }{
	{-0.25, 3}, {0.01, 3}, {0.25, 2}, {0.5, 1}, {1, 0.7}, {2, 0.3},
}

// Learn takes what a turn measures. It ignores a sample whose times cannot be.
func (m *Model) Learn(s Sample) {
	if !s.plausible() {
		return
	}
	at := time.Duration(s.At.UnixNano())
	known := s.Load >= 0 // and a number
	if !known {
		s.Load = 0
		if m.now == 0 {
			return
		}
	}
	s.Load = min(s.Load, maxLoad)
	slot := slotOf(s)
	now := int64((at-m.zero)/max(m.slot, 1)) + 1
	if m.now == 0 || slot != m.slot || now < m.now-1 || now > m.now+longestGap {
		now = m.restart(at, slot, s.Load)
	}
	m.minute = int64(at / time.Minute)
	m.advance(max(now, m.now))
	m.record(s, known)
	over := m.now
	if s.Interval < slot {
		over-- // more of it is to come
	}
	for i := range m.kept {
		if p := &m.kept[i]; p.to != 0 && p.to <= over {
			m.judge(p)
			p.to = 0
		}
	}
	m.predict(s)
}

func (s Sample) plausible() bool {
	const longest = 10 * 24 * time.Hour
	year := s.At.UTC().Year()
	return year > 1980 && year < 2200 && s.Interval > 0 && s.Interval <= longest && s.Lead >= 0 && s.Lead <= longest
}

// slotOf returns how long a slot is to be, so that a horizon has few.
func slotOf(s Sample) time.Duration {
	turns := int64((s.Lead + 2*s.Interval - 1) / s.Interval)
	return time.Duration((turns + maxAhead - 1) / maxAhead * int64(s.Interval))
}

// restart forgets what was measured lately, as it does not join on to what comes,
// and returns the number of the slot to come. Nothing that was learned is lost.
func (m *Model) restart(at, slot time.Duration, load float64) int64 {
	if m.now != 0 {
		load = m.recent.at(m.now)
	}
	m.recent.fill(load)
	for i := range m.kept {
		m.kept[i].to = 0
	}
	m.outage.end()
	// Turns are a little early or late: they are in the middle of a slot.
	m.slot, m.zero = slot, at-slot/2-recentSize*slot
	m.now = recentSize
	return m.now + 1
}

// advance begins the slots up to now.
func (m *Model) advance(now int64) {
	for m.now < now {
		last := m.recent.at(m.now)
		m.now++
		m.turns = 0
		m.recent.put(m.now, last, false, false)
		for class, memory := range [...]float64{errorMemory, classMemory} {
			m.weight[class] *= 1 + 1/memory
			if m.weight[class] > heaviest {
				m.rescale(class)
			}
		}
	}
}

// rescale gives new errors the weight 1 again.
func (m *Model) rescale(class int) {
	for e := range m.errors {
		if weightOf(e) != class {
			continue
		}
		for i := range m.errors[e] {
			m.errors[e][i].rescale(1 / m.weight[class])
		}
	}
	m.weight[class] = 1
}

// weightOf returns which weight new errors of an expert have.
func weightOf(expert int) int {
	if classesOf(expert) > 1 {
		return 1
	}
	return 0
}

// record adds a measure to the past. A slot has the mean of its turns.
func (m *Model) record(s Sample, known bool) {
	if !known {
		return
	}
	m.outage.observe(m, s.Load)
	if m.outage.since != 0 {
		m.remember(m.expected())
		return
	}
	m.turns++
	i := m.now % recentSize
	before := m.recent.load[i]
	if m.turns == 1 {
		before = s.Load
	}
	m.recent.put(m.now, before+(s.Load-before)/float64(m.turns), true, s.AtLeast || m.recent.capped[i])
	m.remember(s.Load)
	m.level.add(members(s.Load), levelMemory)
}

// remember adds a load to the week. By a clock that is off by more than that, for as
// long as a gap may take, nothing is forgotten yet.
func (m *Model) remember(load float64) {
	off := m.minute - m.week.last
	if m.week.last != 0 && (off >= weekSize || off <= -weekSize) {
		if m.now <= recentSize+longestGap {
			return
		}
		m.week.last = 0
	}
	m.week.put(m.minute, load, m.few())
}

// few returns how many minutes may be missing between two turns.
func (m *Model) few() int64 { return int64(2 * m.slot / time.Minute) }
