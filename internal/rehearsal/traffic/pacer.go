package traffic

import (
	"sync"
	"time"
)

// A pacer is a [vegeta.Pacer] whose rate follows the number of clients. Pace
// blocks until a hit is due, because vegeta itself cannot be woken while it
// waits: a change of the load, and the end of it, take effect at once.
type pacer struct {
	period  time.Duration
	changed chan struct{} // capacity 1: something below may let a hit go

	mu       sync.Mutex
	clients  int
	inFlight int
	stopped  bool
}

func newPacer(period time.Duration) *pacer {
	return &pacer{period: period, changed: make(chan struct{}, 1)}
}

// Pace returns when the next hit is due, with nothing left to wait for. Vegeta
// calls it as soon as the last hit has left, and so the gap to the next one is
// measured from now: hits that came late are never made up for.
func (p *pacer) Pace(_ time.Duration, hits uint64) (wait time.Duration, stop bool) {
	lastHit := time.Now()
	for {
		wait, state := p.next(hits, time.Since(lastHit))
		switch state {
		case stopping:
			return 0, true
		case due:
			return 0, false
		case idle:
			<-p.changed
		case early:
			timer := time.NewTimer(wait)
			select {
			case <-timer.C:
			case <-p.changed:
			}
			timer.Stop()
		}
	}
}

// Rate returns the hits per second that the clients ask for.
func (p *pacer) Rate(time.Duration) float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return float64(p.clients) / p.period.Seconds()
}

type pace int

const (
	due      pace = iota // send now
	early                // wait a known time
	idle                 // wait for a change: no clients, or all of them wait for answers
	stopping             // no more hits
)

// next returns what to do after a number of hits, the last of which left some
// time ago. A hit that is due is in flight from then on.
func (p *pacer) next(hits uint64, sinceLastHit time.Duration) (time.Duration, pace) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.stopped:
		return 0, stopping
	case p.clients == 0 || p.inFlight >= p.clients:
		return 0, idle
	}
	wait := p.period/time.Duration(p.clients) - sinceLastHit
	if wait > 0 && hits > 0 {
		return wait, early
	}
	p.inFlight++
	return 0, due
}

func (p *pacer) setClients(n int) { p.change(func() { p.clients = n }) }
func (p *pacer) answer()          { p.change(func() { p.inFlight-- }) }
func (p *pacer) stop()            { p.change(func() { p.stopped = true }) }

func (p *pacer) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.clients
}

func (p *pacer) change(apply func()) {
	p.mu.Lock()
	apply()
	p.mu.Unlock()
	select {
	case p.changed <- struct{}{}:
	default: // Pace is woken already.
	}
}
