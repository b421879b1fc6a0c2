package contender

import (
	"fmt"
	"math"
	"time"

	"github.com/exopool/exopool/autoscale"
)

// Target tracking as AWS' Auto Scaling groups do it by default: two alarms on the
// average use, one above the target and one below nine tenths of it, with so many
// data points in a row; and new instances that do not count while they warm up.
const (
	highPoints = 3
	lowPoints  = 15
	lowShare   = 0.9
	warmup     = 5 * time.Minute
)

// targetTracking is a model of it, for comparison only: it keeps nothing across
// restarts.
type targetTracking struct{}

// tracked is what it remembers.
type tracked struct {
	high, low int // data points in a row
	size      int
	warm      int // members that have warmed up
	warmUntil time.Time
}

func (targetTracking) Name() string { return "aws" }

func (targetTracking) Learn(m autoscale.Memory, o autoscale.Observation) autoscale.Memory {
	t, known := m.(tracked)
	if known && o.Size > t.size {
		t.warmUntil = o.Time.Add(warmup)
	}
	t.size = o.Size
	if !o.Time.Before(t.warmUntil) || o.Size < t.warm {
		t.warm = o.Size
	}
	switch use := use(o); {
	case use > 1:
		t.high, t.low = t.high+1, 0
	case use < lowShare:
		t.high, t.low = 0, t.low+1
	default: // also if it is not known
		t.high, t.low = 0, 0
	}
	return t
}

func (targetTracking) Decide(m autoscale.Memory, o autoscale.Observation) autoscale.Wish {
	t, _ := m.(tracked)
	if t.high < highPoints && t.low < lowPoints {
		return autoscale.Wish{Size: o.Size, Why: "No alarm is firing."}
	}
	want := int(math.Ceil(use(o)*float64(t.warm) - 1e-9))
	why := fmt.Sprintf("The target takes %d.", want)
	switch {
	case t.high >= highPoints:
		return autoscale.Wish{Size: max(want, o.Size), Why: why}
	case o.Time.Before(t.warmUntil):
		return autoscale.Wish{Size: o.Size, Why: "New members warm up."}
	default:
		return autoscale.Wish{Size: min(want, o.Size), Why: why}
	}
}

func (targetTracking) Encode(autoscale.Memory) ([]byte, error) { return nil, nil }
func (targetTracking) Decode([]byte) (autoscale.Memory, error) { return nil, nil }

// use returns the average use of the members that serve, as a part of the target;
// NaN: it is not known.
func use(o autoscale.Observation) float64 {
	if o.LoadErr != nil || o.Serving == 0 {
		return math.NaN()
	}
	return o.Load.Members / float64(o.Serving)
}
