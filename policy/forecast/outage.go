package forecast

import "time"

const (
	silence    = 0.01  // part of the usual load that is none
	seldom     = 0.005 // part of the time in which there is none where that is odd
	clearly    = 0.3   // members that a load takes at least that can stop
	wellKnown  = 300   // predictions after which it is known what is odd
	silentTime = 10080 // slots in which the memory of silence fades

	outageHold  = 30 * time.Minute   // members stay
	longOutage  = 3 * 24 * time.Hour // the load is gone
	returnSlots = 10                 // in which users come back
)

// An outage is a load that stopped at once where it never does: the site is down,
// its users are not gone. What was learned of them is kept, and they are expected
// back.
type outage struct {
	since int64   // first slot without a load; 0: none
	back  int64   // last slot in which users come back
	load  float64 // before
	usual mean    // load
	quiet mean    // part of the time without a load
}

// observe learns whether there is an outage.
func (o *outage) observe(m *Model, load float64) {
	if o.since != 0 {
		lasts := time.Duration(m.now-o.since) * m.slot
		if load <= silence*o.load && lasts < longOutage {
			return
		}
		if load > silence*o.load {
			o.back = m.now + maxAhead + returnSlots
		} else {
			m.recent.fill(load)
		}
		o.since = 0
	} else if before := m.recent.mean(m.now-1, 10); o.odd(m, before, load) {
		o.since, o.load, o.back = m.now, before, 0
		return
	}
	o.usual.add(load, silentTime)
	none := 0.0
	if load <= silence*o.usual.value {
		none = 1
	}
	o.quiet.add(none, silentTime)
}

// odd reports whether a load stopped that never does.
func (o *outage) odd(m *Model, before, load float64) bool {
	return load <= silence*before && before >= clearly && before >= o.usual.value/10 &&
		m.made >= wellKnown && o.quiet.value < seldom
}

func (o *outage) end() { o.since, o.back = 0, 0 }

// predict returns what to expect in an outage and after it.
func (o *outage) predict(m *Model) (Prediction, bool) {
	switch {
	case o.since != 0 && time.Duration(m.now-o.since)*m.slot < outageHold:
		return Prediction{Load: o.load, Expert: "the load before it stopped"}, true
	case o.since != 0:
		return Prediction{Expert: "the load, which has stopped"}, true
	case m.now <= o.back:
		if expected := m.expected(); expected > m.kept[m.now%horizons].mixed.need {
			return Prediction{Load: expected, Expert: "the load as it was a day before it stopped"}, true
		}
	}
	return Prediction{}, false
}

// expected returns the load that there would be without an outage.
func (m *Model) expected() float64 {
	if load, ok := m.week.mean(m.minute-dayMinutes, 6, 1); ok {
		return load
	}
	return m.outage.load
}
