package main

import (
	"fmt"
	"io"
	"time"
)

// quiet is how long nothing is said of the progress, and from one line to the next.
const quiet = 2 * time.Second

// A progress says how far the work is.
type progress struct {
	to   io.Writer
	said time.Time
}

func newProgress(to io.Writer) *progress { return &progress{to: to, said: time.Now()} }

func (p *progress) report(share float64) {
	if time.Since(p.said) < quiet {
		return
	}
	p.said = time.Now()
	fmt.Fprintf(p.to, "replay: %.0f %%\n", 100*share)
}
