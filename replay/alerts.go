package replay

import (
	"context"
	"time"

	"github.com/exopool/exopool/autoscale"
)

// The alerts as they are installed.
const (
	cpuHigh    = 0.8
	cpuLow     = 0.2
	evaluation = 10 * time.Second // from one evaluation of a rule to the next
	pending    = time.Minute      // how long a rule must hold until its alert fires
	repetition = 50 * time.Second // from one webhook to the next while it fires
)

// A recorder takes webhooks.
type recorder interface {
	Record(ctx context.Context, direction autoscale.Direction)
}

// alerts is the model of the two rules and of the webhooks that they send.
type alerts struct{ high, low alert }

// evaluate evaluates both rules. The CPU use, a mean of a minute, is that of the
// members that serve; without one no rule holds.
func (a *alerts) evaluate(ctx context.Context, at time.Duration, cpu float64, loop recorder) {
	if a.high.evaluate(at, cpu > cpuHigh) {
		loop.Record(ctx, autoscale.Up)
	}
	if a.low.evaluate(at, cpu < cpuLow) {
		loop.Record(ctx, autoscale.Down)
	}
}

// An alert is the state of one rule.
type alert struct {
	holds bool
	since time.Duration
	fires bool
	sent  time.Duration // the last webhook, while it fires
}

// evaluate reports whether a webhook is sent.
func (a *alert) evaluate(at time.Duration, holds bool) bool {
	switch {
	case !holds:
		*a = alert{}
		return false
	case !a.holds:
		*a = alert{holds: true, since: at}
		return false
	case at-a.since < pending || a.fires && at-a.sent < repetition:
		return false
	}
	a.fires, a.sent = true, at
	return true
}
