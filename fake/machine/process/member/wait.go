package member

import (
	"context"
	"time"

	"github.com/exopool/exopool/fake/loadgen"
)

// A waitingCPU makes each request wait, as if for a database, before it occupies
// the CPU.
type waitingCPU struct {
	cpu  loadgen.CPU
	wait time.Duration
}

// Burn implements [loadgen.CPU].
func (w waitingCPU) Burn(ctx context.Context) error {
	timer := time.NewTimer(w.wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return w.cpu.Burn(ctx)
	}
}
