package console

import (
	"sync"
	"time"
)

// rateInterval is how long connections are counted for a rate.
const rateInterval = 2 * time.Second

// rates turns growing counters into rates, for any number of viewers.
type rates struct {
	mu    sync.Mutex
	known map[string]*rate
}

type rate struct {
	at        time.Time
	count     int
	perSecond float64
}

// of returns how fast a counter grows, in one a second. It is zero until the
// counter was seen twice.
func (r *rates) of(name string, count int, now time.Time) float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := r.known[name]
	switch {
	case k == nil || count < k.count:
		if r.known == nil {
			r.known = map[string]*rate{}
		}
		k = &rate{at: now, count: count}
		r.known[name] = k
	case now.Sub(k.at) >= rateInterval:
		k.perSecond = float64(count-k.count) / now.Sub(k.at).Seconds()
		k.at, k.count = now, count
	}
	return k.perSecond
}

// keep forgets all counters but those with the given names.
func (r *rates) keep(names map[string]bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name := range r.known {
		if !names[name] {
			delete(r.known, name)
		}
	}
}
