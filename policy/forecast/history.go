package forecast

const (
	recentSize = 128 // slots
	dayMinutes = 24 * 60
	weekSize   = 7*dayMinutes + 2*60 // minutes: a week ago, and what came next
)

// recent holds the measures of the newest slots.
type recent struct {
	load   [recentSize]float64
	capped [recentSize]bool // the load may have been larger
	known  [recentSize]bool // it was measured
}

func (r *recent) at(slot int64) float64 { return r.load[slot%recentSize] }

func (r *recent) put(slot int64, load float64, known, capped bool) {
	i := slot % recentSize
	r.load[i], r.known[i], r.capped[i] = load, known, capped
}

// fill forgets all but one load.
func (r *recent) fill(load float64) {
	for i := range r.load {
		r.load[i], r.known[i], r.capped[i] = load, false, false
	}
}

// mean returns the mean of n slots, the last of which is slot.
func (r *recent) mean(slot int64, n int) float64 {
	sum := 0.0
	for i := range int64(n) {
		sum += r.at(slot - i)
	}
	return sum / float64(n)
}

// most returns the largest load from one slot to another.
func (r *recent) most(from, to int64) float64 {
	most := 0.0
	for i := from; i <= to; i++ {
		most = max(most, r.at(i))
	}
	return most
}

// week holds the load of each minute of a week, by the minute's number. None is
// known if last is 0.
type week struct {
	load        [weekSize]float32
	first, last int64   // minutes that are known
	count       float32 // loads of the last
}

// at returns the load of a minute, and whether it is known.
func (w *week) at(minute int64) (float64, bool) {
	if w.last == 0 || minute < w.first || minute > w.last || minute <= w.last-weekSize {
		return 0, false
	}
	return float64(w.load[minute%weekSize]), true
}

// put records a load of a minute, less than a week after the last; the minute has the mean of all. Minutes that were
// missed before it are taken to have been like it if they are few, and else as a
// week before.
func (w *week) put(minute int64, load float64, few int64) {
	if minute < w.last {
		return
	}
	i := minute % weekSize
	if minute == w.last {
		w.count++
		w.load[i] += (float32(load) - w.load[i]) / w.count
		return
	}
	if w.last == 0 {
		w.first, w.last = minute, minute-1
	}
	few += w.last
	for missed := w.last + 1; missed < minute; missed++ {
		filled, ok := w.at(missed - 7*dayMinutes)
		if !ok || minute <= few {
			filled = load
		}
		w.load[missed%weekSize] = float32(filled)
	}
	w.load[i] = float32(load)
	w.last, w.count = minute, 1
}

// mean returns the mean of n minutes, the last of which is minute, of which it reads
// every stride-th; and whether they are known.
func (w *week) mean(minute, n, stride int64) (float64, bool) {
	if _, ok := w.at(minute - n); !ok || minute > w.last {
		return 0, false
	}
	sum, count := 0.0, 0.0
	i := minute % weekSize
	for range (n + stride - 1) / stride {
		sum += float64(w.load[i])
		count++
		if i -= stride; i < 0 {
			i += weekSize
		}
	}
	return sum / count, true
}
