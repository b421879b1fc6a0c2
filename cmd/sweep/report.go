package main

import (
	"fmt"
	"io"
	"time"

	"github.com/exopool/exopool/sweep"
)

// repeatAfter is how long a reason for waiting is not repeated.
const repeatAfter = 15 * time.Second

// A reporter prints the progress of deletions.
type reporter struct {
	to     io.Writer
	reason string        // printed last, of the current resource
	after  time.Duration // when that was
}

func (r *reporter) report(e sweep.Event) {
	after := e.After.Round(time.Second)
	switch e.Phase {
	case sweep.Deleting:
		r.reason = ""
		fmt.Fprintf(r.to, "sweep: deleting %s\n", e.Resource)
	case sweep.Waiting:
		if reason := e.Err.Error(); reason != r.reason || e.After >= r.after+repeatAfter {
			r.reason, r.after = reason, e.After
			fmt.Fprintf(r.to, "sweep:   waiting for %s so far: %s\n", after, reason)
		}
	case sweep.Gone:
		fmt.Fprintf(r.to, "sweep:   gone after %s\n", after)
	case sweep.Failed:
		fmt.Fprintf(r.to, "sweep:   not deleted after %s: %v\n", after, e.Err)
	}
}
