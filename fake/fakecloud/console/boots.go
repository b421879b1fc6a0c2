package console

import (
	"sync"
	"time"
)

// bootInterval is how often a machine is looked into, whoever watches: that costs
// it CPU time that it may not have much of.
const bootInterval = 10 * time.Second

// boots remembers for a while how far machines have come.
type boots struct {
	mu    sync.Mutex
	known map[string]seen
}

type seen struct {
	at   time.Time
	boot boot
}

// of returns how far a machine has come. It looks at most once an interval, and
// at one machine at a time.
func (b *boots) of(id string, now time.Time, look func() boot) boot {
	b.mu.Lock()
	defer b.mu.Unlock()
	for other, s := range b.known {
		if now.Sub(s.at) >= bootInterval {
			delete(b.known, other)
		}
	}
	s, ok := b.known[id]
	if !ok {
		if b.known == nil {
			b.known = map[string]seen{}
		}
		s = seen{now, look()}
		b.known[id] = s
	}
	return s.boot
}
