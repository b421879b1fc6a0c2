package main

import (
	"fmt"
	"io"
	"time"

	"github.com/exopool/exopool/sweep"
)

// again is how long a reason for waiting is not repeated.
const again = 15 * time.Second

// A reporter tells the user how deletions go on.
type reporter struct {
	to     io.Writer
	reason string // told last, of the present thing
	told   time.Duration
}

func (r *reporter) report(e sweep.Event) {
	after := e.After.Round(time.Second)
	switch e.Phase {
	case sweep.Deleting:
		r.reason = ""
		fmt.Fprintf(r.to, "sweep: deleting %s\n", e.Thing)
	case sweep.Waiting:
		if reason := e.Err.Error(); reason != r.reason || e.After >= r.told+again {
			r.reason, r.told = reason, e.After
			fmt.Fprintf(r.to, "sweep:   waiting, for %s so far: %s\n", after, reason)
		}
	case sweep.Gone:
		fmt.Fprintf(r.to, "sweep:   gone after %s\n", after)
	case sweep.Failed:
		fmt.Fprintf(r.to, "sweep:   not deleted after %s: %v\n", after, e.Err)
	}
}
