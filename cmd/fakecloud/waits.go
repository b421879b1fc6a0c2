package main

import (
	"io"
	"time"

	"github.com/exopool/exopool/internal/progress"
)

// wait says what is waited for from now on, and for how long at most; 0 is not
// known.
func (p program) wait(what string, limit time.Duration) *progress.Wait {
	screen := p.screen
	if screen == nil { // nobody looks
		screen = progress.New(io.Discard, "")
	}
	return screen.Start(what, limit)
}

// waiting is [program.wait] for what says itself when it waits.
func (p program) waiting(what string) (end func()) { return p.wait(what, 0).End }

// beside returns what writes to the same terminal as what is waited for.
func (p program) beside(to io.Writer) io.Writer {
	if p.screen == nil {
		return to
	}
	return p.screen.Writer(to)
}
