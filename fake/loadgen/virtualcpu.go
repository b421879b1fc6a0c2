package loadgen

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// A VirtualCPU is a share of a CPU that exists only as a schedule: one request
// is served at a time, in order of arrival, each for work/share of wall time.
// It costs the host nothing, yet requests wait and it is busy exactly as
// if it computed.
//
// The schedule is exact: while requests wait, one is served from the instant
// at which the one before was done, however late the host's timers are.
type VirtualCPU struct {
	service time.Duration // wall time one request takes

	mu    sync.Mutex
	queue []*job // the first one is being served, since begun
	begun time.Time
	busy  time.Duration // of slices that are over
	timer *time.Timer   // fires when the first one is done
}

// A job is one request in the queue.
type job struct{ done chan struct{} }

// NewVirtualCPU returns the given share (above 0, at most 1) of a CPU, of which
// one request needs work, in CPU time, which must be positive.
func NewVirtualCPU(share float64, work time.Duration) (*VirtualCPU, error) {
	if !(share > 0 && share <= 1) { // refuses NaN as well
		return nil, fmt.Errorf("CPU share %v: must be above 0 and at most 1", share)
	}
	if work <= 0 {
		return nil, fmt.Errorf("CPU time per request %v: must be positive", work)
	}
	c := &VirtualCPU{service: time.Duration(float64(work) / share)}
	// Armed by the first request; an hour leaves time to stop it before that.
	c.timer = time.AfterFunc(time.Hour, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.advance(time.Now())
		c.arm()
	})
	c.timer.Stop()
	return c, nil
}

// Burn waits for the requests before it, occupies the CPU for its own service
// time and returns nil. When ctx ends first, the request leaves: in the queue
// it is skipped, in service it leaves the rest of its time to the next one.
func (c *VirtualCPU) Burn(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	j := c.join()
	select {
	case <-j.done:
		return nil
	case <-ctx.Done():
		if c.leave(j) {
			return context.Cause(ctx)
		}
		return nil // It was done at the very instant its client left.
	}
}

// Busy returns how long the CPU has been busy until now. It never decreases
// and never grows faster than time passes.
func (c *VirtualCPU) Busy() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	c.advance(now)
	if len(c.queue) == 0 {
		return c.busy
	}
	return c.busy + now.Sub(c.begun)
}

func (c *VirtualCPU) join() *job {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	c.advance(now)
	j := &job{done: make(chan struct{})}
	c.queue = append(c.queue, j)
	if len(c.queue) == 1 {
		c.begun = now
		c.arm()
	}
	return j
}

// leave takes j out of the queue and reports whether it was still there.
func (c *VirtualCPU) leave(j *job) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	c.advance(now)
	i := slices.Index(c.queue, j)
	if i < 0 {
		return false
	}
	c.queue = slices.Delete(c.queue, i, i+1)
	if i == 0 {
		c.busy += now.Sub(c.begun)
		c.begun = now
		c.arm()
	}
	return true
}

// advance brings the schedule to now: every job whose time is over is done,
// and the next began when it ended.
func (c *VirtualCPU) advance(now time.Time) {
	for len(c.queue) > 0 {
		end := c.begun.Add(c.service)
		if end.After(now) {
			return
		}
		close(c.queue[0].done)
		c.queue = slices.Delete(c.queue, 0, 1)
		c.busy += c.service
		c.begun = end
	}
}

// arm sets the timer for the end of the first job.
func (c *VirtualCPU) arm() {
	if len(c.queue) == 0 {
		c.timer.Stop()
		return
	}
	c.timer.Reset(time.Until(c.begun.Add(c.service)))
}
