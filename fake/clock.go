// Package fake holds a clock and an instance pool that behave like the real
// ones, for tests: nothing here waits for wall time or talks to a network.
package fake

import (
	"sync"
	"time"
)

// A Clock stands still until a test moves it. It implements the clock interface of
// all packages, and is safe for use by several goroutines.
//
// Like an operating system it has two kinds of time: [Clock.Advance] lets time
// pass, which wakes goroutines that wait; [Clock.Set] only corrects the time of
// day, as a time server does, and wakes none.
type Clock struct {
	mu       sync.Mutex
	changed  *sync.Cond // signals new sleepers
	now      time.Time
	elapsed  time.Duration // passed since the start, untouched by Set
	sleepers []sleeper
}

type sleeper struct {
	until time.Duration // on the scale of elapsed
	wake  chan time.Time
}

// NewClock returns a clock that stands at start.
func NewClock(start time.Time) *Clock {
	c := &Clock{now: start}
	c.changed = sync.NewCond(&c.mu)
	return c
}

// Now returns the time of day.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// After returns a channel that delivers the time once the clock has been
// advanced by d. With d of zero or less it delivers at once.
func (c *Clock) After(d time.Duration) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	wake := make(chan time.Time, 1)
	if d <= 0 {
		wake <- c.now
		return wake
	}
	c.sleepers = append(c.sleepers, sleeper{until: c.elapsed + d, wake: wake})
	c.changed.Broadcast()
	return wake
}

// Advance lets d pass and wakes all goroutines whose wait is over.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.elapsed += d
	c.now = c.now.Add(d)
	waiting := c.sleepers[:0]
	for _, s := range c.sleepers {
		if s.until > c.elapsed {
			waiting = append(waiting, s)
			continue
		}
		s.wake <- c.now
	}
	clear(c.sleepers[len(waiting):])
	c.sleepers = waiting
}

// Set sets the time of day, back or forth. No time passes: goroutines that wait
// still wait for as long as they had to.
func (c *Clock) Set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}

// AwaitSleepers blocks until at least n channels returned by [Clock.After] are
// waiting. A channel that its goroutine no longer waits for still counts until
// its time is past: the clock cannot know.
func (c *Clock) AwaitSleepers(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.sleepers) < n {
		c.changed.Wait()
	}
}
