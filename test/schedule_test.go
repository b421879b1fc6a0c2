// Package test_test plays whole systems: our programs on the emulated cloud.
package test_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/exopool/exopool/fake/exoapi"
)

// Bounds of the pool in all schedules.
const (
	minSize = 1
	maxSize = 5
)

// An event is one thing that happens in a schedule, after a wait.
type event struct {
	wait time.Duration
	kind string
	// What these mean depends on the kind.
	fault exoapi.Fault
	size  int
}

func (e event) String() string {
	text := fmt.Sprintf("after %s %s", e.wait, e.kind)
	switch e.kind {
	case "fault":
		text += fmt.Sprintf(" %s %s x%d %s", e.fault.Name, e.fault.Operation, e.fault.Count, e.fault.Duration)
	case "foreign size":
		text += fmt.Sprintf(" %d", e.size)
	}
	return text
}

// A schedule is what happens to a system while it runs.
type schedule struct {
	start  int // size of the pool
	seed   uint64
	events []event
}

func (s schedule) String() string {
	lines := []string{fmt.Sprintf("start with %d members, seed %d", s.start, s.seed)}
	for _, e := range s.events {
		lines = append(lines, e.String())
	}
	return strings.Join(lines, "\n")
}

// faultOperations are the operations that our programs call.
var faultOperations = []string{
	exoapi.AnyOperation, "scale-instance-pool", "get-instance-pool", "list-instances", "get-operation",
}

func drawFault(t *rapid.T) exoapi.Fault {
	names := slices.DeleteFunc(exoapi.FaultNames(), func(name string) bool { return name == exoapi.FaultPartialList })
	f := exoapi.Fault{
		Name:      rapid.SampledFrom(names).Draw(t, "fault"),
		Operation: rapid.SampledFrom(faultOperations).Draw(t, "operation"),
		Count:     rapid.IntRange(1, 12).Draw(t, "count"),
	}
	switch f.Name {
	case exoapi.FaultLatency:
		f.Duration = time.Duration(rapid.IntRange(1, 90).Draw(t, "latency")) * time.Second
	case exoapi.FaultOperationStuck:
		f.Duration = time.Duration(rapid.IntRange(0, 300).Draw(t, "stuck")) * time.Second
	case exoapi.FaultTooManyRequests:
		f.Duration = time.Duration(rapid.IntRange(1, 30).Draw(t, "retry after")) * time.Second
	}
	return f
}

// kinds of events; those that come more than once are drawn more often.
var kinds = []string{
	"up", "up", "up", "down", "down", "burst", "resolved", "garbage",
	"fault", "fault", "fault", "end of faults",
	"kill autoscaler", "restart autoscaler", "kill discovery",
	"foreign size", "lost member", "suspend", "resume",
}

func drawSchedule(t *rapid.T) schedule {
	s := schedule{
		start: rapid.IntRange(minSize, maxSize).Draw(t, "start"),
		seed:  rapid.Uint64Range(1, 1<<32).Draw(t, "seed"),
	}
	for range rapid.IntRange(1, 25).Draw(t, "events") {
		e := event{
			wait: time.Duration(rapid.IntRange(0, 70_000).Draw(t, "wait")) * time.Millisecond,
			kind: rapid.SampledFrom(kinds).Draw(t, "kind"),
		}
		switch e.kind {
		case "fault":
			e.fault = drawFault(t)
		case "foreign size":
			e.size = rapid.IntRange(minSize, maxSize).Draw(t, "size")
		}
		s.events = append(s.events, e)
	}
	return s
}

// Whatever happens, in whatever order, the promises hold. More schedules than
// the default are played with -rapid.checks=5000.
func TestPromisesHoldUnderRandomSchedules(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := drawSchedule(r)
		var broken []string
		synctest.Test(t, func(t *testing.T) { broken = play(t.Context(), scratch(t), s) })
		if len(broken) > 0 {
			r.Fatalf("schedule:\n%s\nbroken promises:\n%s", s, strings.Join(broken, "\n"))
		}
	})
}

// scratch is in memory where there is such a place: a run writes to its disk
// hundreds of times.
func scratch(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "exopool-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
