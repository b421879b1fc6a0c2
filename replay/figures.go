package replay

import (
	"math"
	"time"
)

// Figures say how well a pool has followed its load, as the SPEC Research Group
// defines them. Needed is the lowest number of members that keeps the objective,
// within the bounds of the pool. Time in which the load is not known is left out.
type Figures struct {
	UnderAccuracy  float64 // θU, percent: members that lacked, of those needed, over time
	OverAccuracy   float64 // θO, percent: members too many, of those needed, over time
	UnderTimeshare float64 // τU, percent of the time in which members lacked
	OverTimeshare  float64 // τO, percent of the time in which there were too many
	// Instability is υ, percent of the turns between which the members that serve
	// changed in another direction than those needed.
	Instability float64
	// CostRatio is what the pool cost, in member hours, over what the members needed
	// at each moment would have cost. Members that boot cost as much as those that
	// serve.
	CostRatio       float64
	MemberHours     float64
	NeededHours     float64 // of the members needed
	Days            float64 // that were replayed, without gaps
	ChangesPerDay   float64 // of the size
	ReversalsPerDay float64 // changes in another direction than the one before
}

// Speedup returns the elastic speedup of f over base: above 1, f follows the load
// better. Each figure counts as 0.01 percent at least.
func (f Figures) Speedup(base Figures) float64 {
	const floor = 0.01
	product := 1.0
	for _, pair := range [][2]float64{
		{base.UnderAccuracy, f.UnderAccuracy},
		{base.OverAccuracy, f.OverAccuracy},
		{base.UnderTimeshare, f.UnderTimeshare},
		{base.OverTimeshare, f.OverTimeshare},
	} {
		product *= max(pair[0], floor) / max(pair[1], floor)
	}
	return math.Pow(product, 1.0/4)
}

// A moment is the state of the pool in one tick.
type moment struct {
	load    float64 // in members at the objective; NaN: not known
	needed  int
	wanted  int // by the policy; 0: not known
	asked   int // the size
	exist   int // members, in any condition
	serving int
}

// A meter adds up moments.
type meter struct {
	tick     time.Duration
	interval int // ticks from one turn to the next

	ticks, turns, unstable                 int
	under, over, underTime, overTime       float64
	exist, needed                          float64
	lastTurn                               moment
	known                                  bool // lastTurn is
	changes, reversals, lastSign, lastSize int
}

// add takes the moment of the tick with this number.
func (m *meter) add(tick int, now moment) {
	m.countChange(now)
	if math.IsNaN(now.load) {
		m.known = false
		return
	}
	if tick%m.interval == 0 {
		m.countTurn(now)
	}
	m.ticks++
	m.exist += float64(now.exist)
	m.needed += float64(now.needed)
	switch lack := float64(now.needed - now.serving); {
	case lack > 0:
		m.under += lack / float64(now.needed)
		m.underTime++
	case lack < 0:
		m.over -= lack / float64(now.needed)
		m.overTime++
	}
}

func (m *meter) countChange(now moment) {
	if direction := sign(now.asked - m.lastSize); m.lastSize > 0 && direction != 0 {
		m.changes++
		if direction == -m.lastSign {
			m.reversals++
		}
		m.lastSign = direction
	}
	m.lastSize = now.asked
}

func (m *meter) countTurn(now moment) {
	if m.known {
		m.turns++
		if sign(now.serving-m.lastTurn.serving) != sign(now.needed-m.lastTurn.needed) {
			m.unstable++
		}
	}
	m.lastTurn, m.known = now, true
}

// figures returns the figures of all moments. There must be one whose load is known.
func (m *meter) figures() Figures {
	hours := m.tick.Hours()
	days := float64(m.ticks) * hours / 24
	percent := func(sum float64) float64 { return 100 * sum / float64(m.ticks) }
	return Figures{
		UnderAccuracy: percent(m.under), OverAccuracy: percent(m.over),
		UnderTimeshare: percent(m.underTime), OverTimeshare: percent(m.overTime),
		Instability: 100 * float64(m.unstable) / float64(max(m.turns, 1)),
		CostRatio:   m.exist / m.needed, MemberHours: m.exist * hours, NeededHours: m.needed * hours,
		Days: days, ChangesPerDay: float64(m.changes) / days, ReversalsPerDay: float64(m.reversals) / days,
	}
}

func sign(n int) int { return min(max(n, -1), 1) }
