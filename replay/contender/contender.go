// Package contender has the ways to scale a pool that replays compare: those of
// exopool with their defaults, and others.
package contender

import (
	"time"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/policy"
	"github.com/exopool/exopool/replay"
)

// All returns all of them, in the order in which they are listed. Policies are shown
// the load by the signal.
func All(signal replay.Signal) []replay.Contender {
	target := policy.Target{Tolerance: 0.1}
	calm := autoscale.Guards{DownStabilization: 5 * time.Minute}
	return []replay.Contender{
		replay.Step(),
		{Name: "steps", Signal: signal, Policy: policy.Steps{
			Up:   []policy.Step{{Threshold: 100, Members: 1}, {Threshold: 115, Percent: 30}},
			Down: []policy.Step{{Threshold: 60, Members: 1}},
		}},
		{Name: "target", Signal: signal, Policy: target, Guards: calm},
		{Name: "follow", Signal: signal, Policy: follow()},
		{Name: "hpa", Signal: signal, Policy: target, Guards: calm, Objective: 0.7},
		{Name: "aws", Signal: signal, Policy: targetTracking{}, Objective: 0.5},
		replay.Clairvoyant(),
	}
}
