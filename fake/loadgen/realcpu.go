package loadgen

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultDuration is how long one request keeps the CPUs busy, as in the
// well-known http-load-generator.
const DefaultDuration = 10 * time.Second

// A RealCPU is the host's own: every request keeps all CPUs that the
// process may use busy. Requests at the same time share them, so a hundred
// requests cost no more than one. The zero value is not usable, see
// [NewRealCPU].
type RealCPU struct {
	duration time.Duration

	mu       sync.Mutex
	requests int
	burners  *burners // nil when requests is 0
}

// NewRealCPU returns a CPU that one request occupies for the given duration,
// which must be positive.
func NewRealCPU(duration time.Duration) (*RealCPU, error) {
	if duration <= 0 {
		return nil, fmt.Errorf("load duration %v: must be positive", duration)
	}
	return &RealCPU{duration: duration}, nil
}

// Burn keeps all CPUs busy for the duration, or until ctx ends.
func (c *RealCPU) Burn(ctx context.Context) error {
	c.enter()
	defer c.leave()
	timer := time.NewTimer(c.duration)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (c *RealCPU) enter() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.requests == 0 {
		c.burners = startBurners(runtime.GOMAXPROCS(0))
	}
	c.requests++
}

func (c *RealCPU) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests--
	if c.requests == 0 {
		c.burners.stop()
		c.burners = nil
	}
}

// burners are goroutines that compute without pause, one per CPU.
type burners struct {
	stopped atomic.Bool
	wg      sync.WaitGroup
}

// spinSlice is how long a burner computes before it lets others run: it bounds
// how long /health waits behind the load.
const spinSlice = 200 * time.Microsecond

func startBurners(n int) *burners {
	b := &burners{}
	for range n {
		b.wg.Go(func() {
			for !b.stopped.Load() {
				for begin := time.Now(); time.Since(begin) < spinSlice; {
				}
				runtime.Gosched()
			}
		})
	}
	return b
}

// stop returns once no burner runs any more, at most a spinSlice or so later.
func (b *burners) stop() {
	b.stopped.Store(true)
	b.wg.Wait()
}
