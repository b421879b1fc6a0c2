// Package chaos_test runs both programs through schedules of faults: drawn from a
// seed, in virtual time, with every promise checked at every step.
package chaos_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/exopool/exopool/fake/exoapi"
)

// A schedule says how the system is set up, and what happens to it.
type schedule struct {
	seed   uint64
	start  int // size of the pool
	first  bounds
	dry    bool // the first autoscaler only logs what it would do
	second bool // another autoscaler, with its own state directory
	alone  bool // there is no discovery
	token  bool
	labels bool // discovery publishes labels and metrics of members
	slow   bool // discovery refreshes once a minute
	quota  int  // of instances; 0: the usual one
	events []event
}

// bounds are what an autoscaler is started with.
type bounds struct{ lowest, highest, step int }

// An event is one thing that happens, after a wait.
type event struct {
	wait   time.Duration
	kind   string
	fault  exoapi.Fault
	bounds bounds
	number int // of webhooks, of members, of a body, of a variant
	length time.Duration
	other  bool // it strikes the second autoscaler
}

func (e event) String() string {
	text := fmt.Sprintf("%9.3fs later: %s", e.wait.Seconds(), e.kind)
	switch e.kind {
	case "fault":
		text += fmt.Sprintf(" %s of %s, %d times, %s, keep %d", e.fault.Name, e.fault.Operation, e.fault.Count, e.fault.Duration, e.fault.Keep)
	case "restart":
		text += fmt.Sprintf(" with %+v", e.bounds)
	}
	return text + fmt.Sprintf(" (number %d, length %s, other %t)", e.number, e.length, e.other)
}

func (s schedule) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d: %d members, bounds %+v, dry %t, second %t, alone %t, token %t, labels %t, slow %t, quota %d\n",
		s.seed, s.start, s.first, s.dry, s.second, s.alone, s.token, s.labels, s.slow, s.quota)
	for i, e := range s.events {
		fmt.Fprintf(&b, "  %2d. %s\n", i, e)
	}
	return b.String()
}

// kinds of events; those that come more than once are drawn more often.
var kinds = []string{
	"webhooks", "webhooks", "webhooks", "webhooks", "webhooks", "odd webhook", "odd webhook",
	"fault", "fault", "fault", "fault", "fault", "end of faults",
	"foreign size", "foreign size", "lost member", "crashed member", "suspend", "resume pool",
	"disk full", "disk gone", "disk repaired", "targets disk gone", "targets disk repaired",
	"clock jump", "pause", "pause", "resume", "kill", "kill at disk", "kill at disk", "kill at call", "restart", "restart discovery", "kill discovery",
}

// faultOperations are the operations that the programs call.
var faultOperations = []string{
	exoapi.AnyOperation, "scale-instance-pool", "scale-instance-pool", "get-instance-pool", "list-instances", "get-operation",
}

// between draws a time from one to another, to the nanosecond: no two things
// are to happen at the same moment, where their order would be by chance.
func between(r *rand.Rand, from, to time.Duration) time.Duration {
	return from + time.Duration(r.Int64N(int64(to-from)))
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// newSchedule returns the schedule of a seed.
func newSchedule(seed uint64) schedule {
	r := rand.New(rand.NewPCG(seed, 0x65786f706f6f6c))
	s := schedule{
		seed: seed, first: newBounds(r), second: r.IntN(5) == 0, token: r.IntN(2) == 0,
		alone:  r.IntN(2) == 0,
		labels: r.IntN(4) == 0, slow: r.IntN(3) > 0,
	}
	s.start = s.first.lowest + r.IntN(s.first.highest-s.first.lowest+1)
	if r.IntN(6) == 0 {
		s.start = 1 + r.IntN(8) // set by another client
	}
	s.dry = r.IntN(16) == 0
	if r.IntN(8) == 0 {
		s.quota = s.start + r.IntN(3)
	}
	for range 3 + r.IntN(11) {
		s.events = append(s.events, newEvent(r, s))
	}
	if r.IntN(16) == 0 {
		s.events = append(s.events, event{wait: between(r, 0, time.Minute), kind: "pool deleted"})
	}
	return s
}

func newBounds(r *rand.Rand) bounds {
	b := bounds{lowest: 1 + r.IntN(2), step: 1}
	b.highest = b.lowest + 2 + r.IntN(4)
	if r.IntN(5) == 0 {
		b.step = 2 + r.IntN(2)
	}
	return b
}

func newEvent(r *rand.Rand, s schedule) event {
	e := event{wait: between(r, 1, 75*time.Second), kind: pick(r, kinds), number: 1 + r.IntN(6)}
	for s.alone && (strings.Contains(e.kind, "discovery") || strings.Contains(e.kind, "targets")) {
		e.kind = pick(r, kinds)
	}
	e.other = s.second && r.IntN(3) == 0
	if r.IntN(3) == 0 {
		e.wait /= 20 // soon after the last one
	}
	switch e.kind {
	case "webhooks":
		if r.IntN(6) == 0 {
			e.number = 30
		}
		e.length = between(r, 0, 3*time.Second) // down for the odd ones: see perform
	case "fault":
		e.fault = newFault(r)
	case "foreign size":
		e.number = 1 + r.IntN(s.first.highest+2)
	case "pause":
		e.length = between(r, time.Second, 10*time.Minute)
	case "clock jump":
		e.length = between(r, -2*time.Hour, 2*time.Hour)
		if r.IntN(2) == 0 {
			e.length /= 100
		}
	case "restart":
		e.bounds = newBounds(r)
	case "odd webhook":
		e.number = r.IntN(1 << 16)
	}
	return e
}

func newFault(r *rand.Rand) exoapi.Fault {
	f := exoapi.Fault{Name: pick(r, exoapi.FaultNames()), Operation: pick(r, faultOperations), Count: 1 + r.IntN(6)}
	switch f.Name {
	case exoapi.FaultLatency:
		f.Duration = between(r, time.Millisecond, 20*time.Second)
		if r.IntN(4) == 0 {
			f.Duration = between(r, 20*time.Second, 90*time.Second)
		}
	case exoapi.FaultOperationStuck:
		f.Duration = pick(r, []time.Duration{0, between(r, time.Second, 5*time.Minute)})
	case exoapi.FaultTooManyRequests:
		f.Duration = pick(r, []time.Duration{0, time.Second, between(r, time.Second, 30*time.Second), between(r, 30*time.Second, 5*time.Minute)})
		f.Count = 1 + r.IntN(3)
		if r.IntN(12) == 0 {
			f.Duration, f.Count = between(r, time.Hour, 30*time.Hour), 1
		}
	case exoapi.FaultPartialList:
		f.Operation, f.Keep = "list-instances", r.IntN(3)
	}
	return f
}
