package discovery

import "time"

// A Clock tells the time and waits. Its methods use built-in types only, so
// that one fake serves every package that declares the same interface.
type Clock interface {
	Now() time.Time
	// After returns a channel that delivers the time once d has passed.
	After(d time.Duration) <-chan time.Time
}

// SystemClock is the computer's own clock.
type SystemClock struct{}

// Now returns the current time.
func (SystemClock) Now() time.Time { return time.Now() }

// After waits for d on the computer's clock.
func (SystemClock) After(d time.Duration) <-chan time.Time { return time.After(d) }
