package main

import (
	"context"
	"fmt"
	"time"
)

// echoTime is how long signals count as copies of the one before.
const echoTime = time.Second

// interruptible turns signals into the end of contexts. The first signal ends
// checks, and what was made is destroyed; the second one ends all, and nothing
// more is waited for. Call release when everything is done.
func (p program) interruptible(ctx context.Context) (checks, all context.Context, release func()) {
	all, cancelAll := context.WithCancel(ctx)
	checks, cancelChecks := context.WithCancel(all)
	go func() {
		select {
		case <-all.Done():
			return
		case <-p.signals:
		}
		fmt.Fprintln(p.stderr, "\nfakecloud rehearse: interrupted, destroying; interrupt again to stop at once")
		cancelChecks()
		p.ignoreEchoes(all)
		select {
		case <-all.Done():
		case <-p.signals:
			cancelAll()
		}
	}()
	return checks, all, func() { cancelChecks(); cancelAll() }
}

// ignoreEchoes drops copies of a signal: a parent process may forward a Ctrl-C
// that the terminal has sent to this process, too.
func (p program) ignoreEchoes(ctx context.Context) {
	timer := time.NewTimer(echoTime)
	defer timer.Stop()
	for {
		select {
		case <-p.signals:
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		}
	}
}
