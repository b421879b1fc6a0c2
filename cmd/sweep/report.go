package main

import (
	"fmt"
	"io"
	"time"

	"github.com/exopool/exopool/internal/progress"
	"github.com/exopool/exopool/sweep"
)

// A reporter prints the progress of deletions.
type reporter struct {
	screen *progress.Screen
	to     io.Writer      // beside the screen
	wait   *progress.Wait // for the current resource; nil: there is none
}

func (r *reporter) report(e sweep.Event) {
	after := e.After.Round(time.Second)
	switch e.Phase {
	case sweep.Deleting:
		fmt.Fprintf(r.to, "sweep: deleting %s\n", e.Resource)
		r.wait = r.screen.Start("deleting "+fmt.Sprint(e.Resource), 0)
	case sweep.Waiting:
		if r.wait != nil {
			r.wait.See(e.Err.Error())
		}
	case sweep.Gone:
		r.end()
		fmt.Fprintf(r.to, "sweep:   gone after %s\n", after)
	case sweep.Failed:
		r.end()
		fmt.Fprintf(r.to, "sweep:   not deleted after %s: %v\n", after, e.Err)
	}
}

// end says that the current resource is not waited for any more.
func (r *reporter) end() {
	if r.wait != nil {
		r.wait.End()
		r.wait = nil
	}
}
