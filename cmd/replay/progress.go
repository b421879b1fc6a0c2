package main

import (
	"fmt"
	"io"
	"time"
)

const (
	quiet = 2 * time.Second  // how long nothing is said of the progress
	pause = 10 * time.Second // from one line to the next
)

// A progress says how far the work is.
type progress struct {
	to   io.Writer
	next time.Time
}

func newProgress(to io.Writer) *progress { return &progress{to: to, next: time.Now().Add(quiet)} }

func (p *progress) report(share float64) {
	if time.Now().Before(p.next) {
		return
	}
	p.next = time.Now().Add(pause)
	fmt.Fprintf(p.to, "replay: %.0f %%\n", 100*share)
}
