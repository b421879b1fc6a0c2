package world

import (
	"slices"
	"strings"
	"time"
)

// A Use is what a resource uses up while it exists, such as 10 GB of disk.
type Use struct {
	Item     string
	Quantity float64
}

// A Metered is how much of an item all resources together use up.
type Metered struct {
	Item  string
	Now   float64
	Hours float64 // the quantity, summed up over the hours until now, as [World.Passed] counts them
}

// meter sums up what resources use up.
type meter struct {
	uses  map[string][]Use // by resource
	items map[string]*metered
}

type metered struct {
	Metered

	until time.Time // to which Hours is counted
}

// count counts until now, at the pace that there was since the last time.
func (m *metered) count(now time.Time, pace float64) {
	m.Hours += m.Now * now.Sub(m.until).Hours() * pace
	m.until = now
}

// Meter says what a resource uses up from now on, in place of what was said
// before; nothing once it is gone. The id is any that no other resource has.
func (w *World) Meter(id string, uses ...Use) {
	before := w.meter.uses[id]
	if slices.Equal(before, uses) {
		return
	}
	for _, u := range before {
		w.meter.items[u.Item].count(w.now, w.pace.factor)
		w.meter.items[u.Item].Now -= u.Quantity
	}
	for _, u := range uses {
		item := w.meter.items[u.Item]
		if item == nil {
			item = &metered{Metered{Item: u.Item}, w.now}
			w.meter.items[u.Item] = item
		}
		item.count(w.now, w.pace.factor)
		item.Now += u.Quantity
	}
	if len(uses) == 0 {
		delete(w.meter.uses, id)
		return
	}
	w.meter.uses[id] = uses
}

// Metered takes the lock and returns what was used up until now, or until the
// world was closed, sorted by item.
func (w *World) Metered() []Metered {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		w.advance(w.clockTime())
	}
	return w.MeteredNow()
}

// MeteredNow returns what was used up until now, sorted by item.
func (w *World) MeteredNow() []Metered {
	list := make([]Metered, 0, len(w.meter.items))
	for _, item := range w.meter.items {
		item.count(w.now, w.pace.factor)
		list = append(list, item.Metered)
	}
	slices.SortFunc(list, func(a, b Metered) int { return strings.Compare(a.Item, b.Item) })
	return list
}
