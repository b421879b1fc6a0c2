package chaos_test

import (
	"context"
	"sync/atomic"
	"time"
)

// A wallClock can be set, as that of a host. Waits are not affected.
type wallClock struct{ offset atomic.Int64 }

func (c *wallClock) Now() time.Time {
	return time.Now().Round(0).Add(time.Duration(c.offset.Load()))
}

func (c *wallClock) jump(d time.Duration) { c.offset.Add(int64(d)) }

// A scalerClock is the clock of one run of an autoscaler. The program reads
// it before and after each change of its disk.
type scalerClock struct {
	*wallClock
	run *run
}

func (c scalerClock) Now() time.Time {
	c.run.world.checkDiskIfTrapped(c.run)
	return c.wallClock.Now()
}

func (scalerClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// A discoveryClock rounds the waits between refreshes, which differ at random by up
// to a fifth.
type discoveryClock struct{ *wallClock }

func (discoveryClock) After(d time.Duration) <-chan time.Time {
	switch {
	case d < 14*time.Second: // a wait of another kind
		return time.After(d)
	case d < 28*time.Second:
		d = 20 * time.Second
	case d < 48*time.Second:
		d = 40 * time.Second
	default:
		d = time.Minute
	}
	return time.After(d)
}

// A pacer rounds the random waits between attempts: after a failed one it delays
// the next to a grid of powers of two, which the waits are a little below. It
// returns how much later that is.
type pacer struct{ failed time.Time }

func (p *pacer) wait(ctx context.Context) (late time.Duration) {
	if p.failed.IsZero() {
		return 0
	}
	passed := time.Since(p.failed)
	for slot := 500 * time.Millisecond; slot <= 16*time.Second; slot *= 2 {
		if passed > slot {
			continue
		}
		select {
		case <-ctx.Done():
		case <-time.After(slot - passed):
		}
		return slot - passed
	}
	return 0
}
