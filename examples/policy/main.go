// Command policy shows what two policies want for the same load.
package main

import (
	"fmt"
	"time"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/policy"
)

func main() {
	steps := policy.Steps{
		Up:   []policy.Step{{Threshold: 100, Members: 1}, {Threshold: 120, Percent: 50}},
		Down: []policy.Step{{Threshold: 25, Members: 1}},
	}
	for _, load := range []float64{0.8, 4.1, 5.5} { // in members that it takes
		seen := autoscale.Observation{
			Time: time.Date(2026, time.June, 1, 12, 0, 0, 0, time.UTC), Interval: time.Minute,
			Size: 4, Serving: 4, Min: 1, Max: 10, Load: autoscale.Load{Members: load},
		}
		for _, p := range []interface {
			Name() string
			Decide(autoscale.Memory, autoscale.Observation) autoscale.Wish
		}{policy.Target{Tolerance: 0.1}, steps} {
			wish := p.Decide(nil, seen)
			fmt.Printf("a load of %.1f on 4 members: %s wants %d\n", load, p.Name(), wish.Size)
		}
	}
}
