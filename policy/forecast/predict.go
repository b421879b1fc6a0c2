package forecast

import "math"

const (
	enough      = 30  // errors after which experts are told apart
	firstMargin = 0.2 // of the load, until then
	firstSlots  = 5   // that say until then how far a load comes back
	comesBack   = 2   // how much farther it may than it did

	sharpness = 200  // how much less say who has lost more has
	hopeless  = 0.08 // part more than the best has lost, from which none is left
)

// predict makes the prediction of this slot.
func (m *Model) predict(s Sample) {
	lead, slot := s.Lead, m.slot
	first := int64(lead/slot) + 1
	ahead := int64((lead + 2*slot - 1) / slot)
	p := &m.kept[m.now%horizons]
	p.from, p.to = m.now+first, m.now+ahead
	var all [forecasts]float64
	m.forecast(&all, m.now, ahead)
	p.price = m.price * m.usualMembers(all[byMean60])
	for e := range experts {
		p.load[e] = all[forecastOf(e)]
		p.size[e] = math.Sqrt(max(p.load[e], leastRootLoad))
		if e >= recentExperts && e < lastByMinute {
			p.size[e] = max(m.spread[e], leastSpread)
		}
		p.class[e] = m.classOf(e, &all)
		p.need[e] = min(max(m.errorsOf(e, p.class[e]).need(p.load[e], p.size[e], p.price), 0), maxLoad)
	}
	m.ask(p)
	p.mixed = m.mix(p)
}

// usualMembers returns the mean of the members that the load takes. The part of a day
// that was not seen yet may be as the last hour, if that is more.
func (m *Model) usualMembers(hour float64) float64 {
	const day = 1440.0 // slots
	unseen := max(0, 1-m.level.weight/day)
	return m.level.value + unseen*max(0, members(hour)-m.level.value)
}

// classOf returns the class of an expert in this slot.
func (m *Model) classOf(expert int, all *[forecasts]float64) uint8 {
	switch expert {
	case lastByMinute, hourByMinute:
		return uint8(m.minute % minuteClasses) //nolint:gosec // less than 60
	case lastByRatio:
		return ratioClass(all[byLast], all[byMean60])
	case meanByRatio:
		return ratioClass(all[byMean8], all[byMean60])
	default:
		return 0
	}
}

// errorsOf returns how the errors of an expert are distributed. A class that was
// seen little has some of all.
func (m *Model) errorsOf(expert int, class uint8) spread {
	s := spread{own: &m.errors[expert][class]}
	if classesOf(expert) > 1 {
		s.other = &m.errors[forecastOf(expert)][0]
		s.more = fromAll * m.weight[1] / s.other.total
	}
	return s
}

// mix lets the experts that have lost least say how large the load will be.
func (m *Model) mix(p *judged) mixed {
	load := m.recent.at(m.now)
	if m.made < enough {
		return mixed{load: load, need: (1 + firstMargin) * load, learning: true}
	}
	least, best := math.Inf(1), 0
	for e := range m.loss {
		if v := m.loss[e].value; v < least {
			least, best = v, e
		}
	}
	said, need, sum := 0.0, 0.0, 0.0
	for e := range m.loss {
		more := m.loss[e].value/max(least, 1) - 1
		if more > hopeless {
			continue
		}
		w := math.Exp(-sharpness * more)
		said += w * p.load[e]
		need += w * p.need[e]
		sum += w
	}
	// Nobody has seen it if the load has never risen so far: it is there all the same.
	now := min(load, m.recent.at(m.now-1))
	return mixed{load: min(said/sum, maxLoad), need: min(max(need/sum, now), maxLoad), expert: uint8(best)}
}

// Predict returns how large the load will be when members that are asked for now
// serve, until those of the next turn do; and the largest from now until then, which
// members that are there must carry.
func (m *Model) Predict() (then, until Prediction) {
	if m.now == 0 {
		nothing := mixed{learning: true}.prediction()
		return nothing, nothing
	}
	if p, ok := m.outage.predict(m); ok {
		return p, p
	}
	now := m.kept[m.now%horizons].mixed
	most := now
	for i := range m.kept {
		p := &m.kept[i]
		if p.to > m.now && p.mixed.need > most.need {
			most = p.mixed
		}
	}
	if most.learning {
		// What was said a while ago knows nothing of a load that falls steadily.
		need := min(most.need, now.need+comesBack*m.rise())
		most = now
		most.need = need
	}
	return now.prediction(), most.prediction()
}

// rise returns how far the load has risen lately within a horizon; 0 if it only fell.
func (m *Model) rise() float64 {
	horizon := m.kept[m.now%horizons].to - m.now
	most := 0.0
	for slot := m.now; slot > m.now-firstSlots; slot-- {
		for ago := int64(1); ago <= horizon; ago++ {
			most = max(most, m.recent.at(slot)-m.recent.at(slot-ago))
		}
	}
	return most
}
