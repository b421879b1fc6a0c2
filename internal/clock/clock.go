// Package clock holds the one clock that this project injects: where wall time
// may be set back or is read from disk, and where an emulated time runs.
// Everywhere else the code uses package time, and its tests testing/synctest.
package clock

import "time"

// A Clock returns the time and waits. Its methods use built-in types only, so
// that users of the packages which take one can implement it.
type Clock interface {
	Now() time.Time
	// After returns a channel that delivers the time once d has passed.
	After(d time.Duration) <-chan time.Time
}

// System is the clock of the host.
type System struct{}

// Now returns the current time.
func (System) Now() time.Time { return time.Now() }

// After waits for d on the host's clock.
func (System) After(d time.Duration) <-chan time.Time { return time.After(d) }
