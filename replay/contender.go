package replay

import (
	"cmp"
	"context"
	"errors"
	"math"

	"github.com/exopool/exopool/autoscale"
)

// A Contender is a way to scale the pool.
type Contender struct {
	Name string
	// Policy decides on the load that Signal measures; nil: one step at a time, where
	// the alerts send webhooks.
	Policy      autoscale.Policy
	Signal      Signal
	Guards      autoscale.Guards
	Objective   float64 // CPU use that the policy aims at; 0: that of the model
	clairvoyant bool
}

// A Signal is what of the load a policy is shown, as a mean of the last minute.
type Signal string

// The signals.
const (
	// Requests grow with the load without bounds, like the requests per second at a
	// load balancer.
	Requests Signal = "requests"
	// CPU is the average CPU use of the members that serve, which ends at 100 %.
	CPU Signal = "cpu"
)

// Step returns the contender that takes one step where the alerts send webhooks:
// one member more while the CPU use has been above 80 % for a minute, one fewer
// while it has been below 20 %.
func Step() Contender { return Contender{Name: "step"} }

// Clairvoyant returns the contender that knows the load in advance. Nothing can
// keep the objective with less in turns of the same interval.
func Clairvoyant() Contender { return Contender{Name: "clairvoyant", clairvoyant: true} }

// errNoData: the trace has a gap, or nobody serves.
var errNoData = errors.New("no data")

// signal returns the signal of a contender.
func (m *model) signal(c Contender) autoscale.Signal {
	objective := cmp.Or(c.Objective, m.cfg.Objective)
	if c.Signal == CPU {
		return autoscale.Ratio{Source: m.source(m.cpuUse), Objective: objective}
	}
	return autoscale.Amount{Source: m.source(m.load.mean), PerMember: objective / m.cfg.Objective}
}

// source returns a source of values, of which NaN is none.
func (m *model) source(value func() float64) autoscale.Source {
	return func(context.Context) (autoscale.Reading, error) {
		now := value()
		if math.IsNaN(now) {
			return autoscale.Reading{}, errNoData
		}
		return autoscale.Reading{Value: now, At: m.clock.now}, nil
	}
}
