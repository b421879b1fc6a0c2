package forecast

import (
	"math"
	"time"
)

// The forecasts of the load.
const (
	byLast = iota
	byMean8
	byMean20
	byMean60
	byPeak
	byTrend
	byShortTrend
	byLongTrend
	byDay
	byWeek
	byDays
	bySmoothDays
	byBlend // of the others
	forecasts
)

// The experts: each forecast with its errors in units of the root of the load, as
// counts of independent users have them, and again in units of its own recent
// errors; and some with a histogram for each class.
const (
	rootExperts   = 0
	recentExperts = forecasts
	lastByMinute  = 2 * forecasts
	hourByMinute  = lastByMinute + 1
	lastByRatio   = lastByMinute + 2
	meanByRatio   = lastByMinute + 3
	experts       = lastByMinute + 4
)

const (
	minuteClasses = 60
	ratioClasses  = 16
)

// forecastOf returns which forecast an expert uses.
func forecastOf(expert int) int {
	switch expert {
	case lastByMinute, lastByRatio:
		return byLast
	case hourByMinute:
		return byMean60
	case meanByRatio:
		return byMean8
	default:
		return expert % forecasts
	}
}

// classesOf returns how many classes an expert tells apart.
func classesOf(expert int) int {
	switch expert {
	case lastByMinute, hourByMinute:
		return minuteClasses
	case lastByRatio, meanByRatio:
		return ratioClasses
	default:
		return 1
	}
}

// nameOf returns the name of an expert, for people.
func nameOf(expert int) string {
	switch expert {
	case lastByMinute:
		return "the last load, by the minute of the hour"
	case hourByMinute:
		return "a long mean, by the minute of the hour"
	case lastByRatio:
		return "the last load, by how it stands to a long mean"
	case meanByRatio:
		return "a short mean, by how it stands to a long one"
	}
	return [forecasts]string{
		byLast: "the last load", byMean8: "a short mean", byMean20: "a mean",
		byMean60: "a long mean", byPeak: "the latest peak", byTrend: "the trend",
		byShortTrend: "the last trend", byLongTrend: "the long trend", byDay: "the same time yesterday",
		byWeek: "the same time last week", byDays: "the same time on past days",
		bySmoothDays: "the same hour on past days", byBlend: "a blend of all",
	}[forecastOf(expert)]
}

// forecast fills in the forecasts of the load that is ahead slots after slot.
func (m *Model) forecast(all *[forecasts]float64, slot, ahead int64) {
	r := &m.recent
	far := float64(ahead)
	last := r.at(slot)
	all[byLast] = last
	all[byMean8] = r.mean(slot, 8)
	all[byMean20] = r.mean(slot, 20)
	all[byMean60] = r.mean(slot, 60)
	all[byPeak] = r.most(slot-9, slot)
	all[byTrend] = r.mean(slot, 2) + (r.mean(slot, 3)-r.mean(slot-5, 3))/5*(far+0.5)
	all[byShortTrend] = last + (last - r.at(slot-ahead))
	all[byLongTrend] = r.mean(slot, 5) + (r.mean(slot, 10)-r.mean(slot-15, 10))/15*(far+2)
	m.seasons(all, slot, ahead)
	for i := range byBlend {
		all[i] = min(max(all[i], 0), maxLoad)
	}
	all[byBlend] = min(max(m.blend.forecast(all), 0), maxLoad)
}

// seasons fills in the forecasts that take the load to change as it did before.
func (m *Model) seasons(all *[forecasts]float64, slot, ahead int64) {
	level := m.recent.mean(slot, 6)
	long := m.recent.mean(slot, 30)
	all[byDay], all[byWeek] = all[byLast], all[byLast]
	minute := m.minute
	later := minute + int64((time.Duration(ahead)*m.slot+time.Minute-1)/time.Minute)
	days, change, smooth := 0.0, 0.0, 0.0
	for day := int64(1); day <= 7; day++ {
		ago := day * dayMinutes
		before, ok := m.week.mean(minute-ago, 6, 1)
		if !ok {
			break
		}
		after, _ := m.week.mean(later+2-ago, 5, 1)
		by := changeOf(level, before, after)
		switch day {
		case 1:
			all[byDay] = level + by
		case 7:
			all[byWeek] = level + by
		}
		change += by
		before, _ = m.week.mean(minute-ago, 30, 3)
		after, _ = m.week.mean(later+15-ago, 30, 3)
		smooth += changeOf(long, before, after)
		days++
	}
	all[byDays], all[bySmoothDays] = level, long
	if days > 0 {
		all[byDays] += change / days
		all[bySmoothDays] += smooth / days
	}
}

// changeOf returns by how much a load changes if it changes as another did: midway
// between as much and in proportion.
func changeOf(load, before, after float64) float64 {
	const implausible = 4
	if before <= 0 || after > implausible*before {
		return after - before
	}
	return (after - before + load*(after/before-1)) / 2
}

// ratioClass says how a load stands to its mean, in thirds of octaves.
func ratioClass(load, mean float64) uint8 {
	if load <= 0 || mean <= 0 {
		return 0
	}
	return uint8(min(max(math.Floor(math.Log2(load/mean)*3)+ratioClasses/2, 0), ratioClasses-1))
}
