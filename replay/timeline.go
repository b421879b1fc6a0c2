package replay

import (
	"math"
	"time"
)

// A Sample is a stretch of a replay, as much as one dot of a picture shows.
type Sample struct {
	At      time.Duration // when it begins, since the start of the trace
	Load    float64       // the highest, in members at the objective; NaN: not known
	Needed  int           // the highest number of members needed
	Wanted  int           // the largest size that the policy wanted; 0: not known
	Asked   int           // the largest size
	Serving int           // the lowest number of members that served
	Lacking int           // the highest number of members that lacked
}

// A timeline puts moments together to samples.
type timeline struct {
	ticks int // in a sample
	list  []Sample
}

// newTimeline returns one for a number of ticks.
func newTimeline(ticks, samples int) *timeline {
	return &timeline{ticks: (ticks + samples - 1) / samples, list: make([]Sample, 0, samples)}
}

func (t *timeline) add(tick int, at time.Duration, now moment) {
	if tick%t.ticks == 0 {
		t.list = append(t.list, Sample{At: at, Load: math.NaN(), Serving: now.serving})
	}
	s := &t.list[len(t.list)-1]
	s.Wanted = max(s.Wanted, now.wanted)
	s.Asked, s.Serving = max(s.Asked, now.asked), min(s.Serving, now.serving)
	if math.IsNaN(now.load) {
		return
	}
	if !(s.Load >= now.load) { // also if it is NaN
		s.Load = now.load
	}
	s.Needed, s.Lacking = max(s.Needed, now.needed), max(s.Lacking, now.needed-now.serving)
}
