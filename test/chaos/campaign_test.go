package chaos_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"
)

var (
	seeds = flag.Uint64("seeds", 60, "how many schedules the campaign plays")
	from  = flag.Uint64("from", 1, "seed of the first")
	one   = flag.Uint64("seed", 0, "play this schedule only, and print all that happens")
	only  = flag.String("events", "", "with -seed: the numbers of the events that happen, with commas; all if empty, or none")
	limit = flag.Duration("for", 0, "end after this time, however many schedules were played; 0 for none")
	most  = flag.Int("violations", 3, "end after so many schedules that violate a promise")
)

// The promises hold whatever happens, in any order. A long campaign:
//
//	go test ./test/chaos -run Campaign -seeds 1000000 -from 1 -timeout 0
func TestCampaign(t *testing.T) {
	if *one != 0 {
		replay(t)
		return
	}
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // faster, with more memory
	began := time.Now()
	var next atomic.Uint64
	var violating atomic.Int64
	next.Store(*from)
	total := newStats()
	var mu sync.Mutex
	t.Run("seeds", func(t *testing.T) {
		for worker := range runtime.GOMAXPROCS(0) {
			t.Run(strconv.Itoa(worker), func(t *testing.T) {
				t.Parallel()
				own := newStats()
				for int(violating.Load()) < *most && (*limit == 0 || time.Since(began) < *limit) {
					seed := next.Add(1) - 1
					if seed >= *from+*seeds {
						break
					}
					s := newSchedule(seed)
					violations := try(t, s, own, nil)
					own.seeds++
					if len(violations) > 0 {
						violating.Add(1)
						report(t, s, violations)
					}
					if seed%10000 == 0 && *seeds > 20000 {
						fmt.Fprintf(os.Stderr, "seed %d after %s, %d schedules with violations\n", seed, time.Since(began).Round(time.Second), violating.Load())
					}
				}
				mu.Lock()
				defer mu.Unlock()
				total.add(own)
			})
		}
	})
	t.Logf("%s in %s, %d schedules with violations", total, time.Since(began).Round(time.Second), violating.Load())
}

// try plays a schedule in a new world.
func try(t *testing.T, s schedule, st *stats, trace *strings.Builder) (violations []string) {
	t.Helper()
	defer func() {
		// A goroutine that outlives the schedule makes synctest panic.
		if cause := recover(); cause != nil {
			violations = append(violations, fmt.Sprintf("panic: %v", cause))
		}
	}()
	dir, err := os.MkdirTemp(scratch, "exopool-chaos-")
	require.NoError(t, err)
	defer os.RemoveAll(dir)
	synctest.Test(t, func(t *testing.T) { violations = play(t.Context(), dir, s, st, trace) })
	return violations
}

// scratch is in memory where there is such a place: a schedule writes to its
// disk a hundred times.
var scratch = func() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return os.TempDir()
}()

// report reports a schedule that violates a promise: with as few events as
// possible, and how to play it again.
func report(t *testing.T, s schedule, violations []string) {
	t.Helper()
	kept := shrink(t, s, kindOf(violations))
	command := fmt.Sprintf("go test ./test/chaos -run Campaign -v -seed %d", s.seed)
	if len(kept) < len(s.events) {
		command += " -events " + numbers(kept)
	}
	t.Errorf("%sviolates promises:\n  %s\nto play it again with %d of %d events:\n  %s",
		s, strings.Join(violations, "\n  "), len(kept), len(s.events), command)
}

// shrink leaves out events one by one as long as the first violation stays the
// same, and returns the numbers of those that are left.
func shrink(t *testing.T, s schedule, wanted string) []int {
	t.Helper()
	kept := make([]int, len(s.events))
	for i := range kept {
		kept[i] = i
	}
	for i := len(kept) - 1; i >= 0; i-- {
		fewer := slices.Delete(slices.Clone(kept), i, i+1)
		if kindOf(try(t, s.with(fewer), newStats(), nil)) == wanted {
			kept = fewer
		}
	}
	return kept
}

// kindOf returns the first violation without its numbers.
func kindOf(violations []string) string {
	if len(violations) == 0 {
		return ""
	}
	_, text, _ := strings.Cut(violations[0], " ")
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return -1
		}
		return r
	}, text)
}

// with returns the schedule with some of its events, at the same times.
func (s schedule) with(kept []int) schedule {
	var wait time.Duration
	var events []event
	for i, e := range s.events {
		wait += e.wait
		if slices.Contains(kept, i) {
			e.wait, wait = wait, 0
			events = append(events, e)
		}
	}
	s.events = events
	return s
}

func numbers(list []int) string {
	if len(list) == 0 {
		return noEvents
	}
	var text []string
	for _, n := range list {
		text = append(text, strconv.Itoa(n))
	}
	return strings.Join(text, ",")
}

// noEvents stands for no event at all.
const noEvents = "none"

// replay plays one schedule and prints its trace.
func replay(t *testing.T) {
	t.Helper()
	s := newSchedule(*one)
	t.Logf("%s", s)
	if *only != "" {
		var kept []int
		for _, text := range strings.FieldsFunc(strings.TrimPrefix(*only, noEvents), func(r rune) bool { return r == ',' }) {
			n, err := strconv.Atoi(text)
			require.NoError(t, err)
			kept = append(kept, n)
		}
		s = s.with(kept)
	}
	trace := new(strings.Builder)
	violations := try(t, s, newStats(), trace)
	t.Logf("%s", trace)
	for _, text := range violations {
		t.Error(text)
	}
}

// stats count what happened in a campaign.
type stats struct {
	seeds, calls, writes, targets, webhooks int
	events, struck, decisions, settled      map[string]int
}

func newStats() *stats {
	return &stats{
		events: map[string]int{}, struck: map[string]int{}, decisions: map[string]int{}, settled: map[string]int{},
	}
}

func (s *stats) add(other *stats) {
	s.seeds += other.seeds
	s.calls += other.calls
	s.writes += other.writes
	s.targets += other.targets
	s.webhooks += other.webhooks
	for _, maps := range [][2]map[string]int{
		{s.events, other.events}, {s.struck, other.struck}, {s.decisions, other.decisions}, {s.settled, other.settled},
	} {
		for name, times := range maps[1] {
			maps[0][name] += times
		}
	}
}

func (s *stats) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d seeds, %d API calls, %d webhooks recorded, %d changes of state files, %d of targets files",
		s.seeds, s.calls, s.webhooks, s.writes, s.targets)
	for _, list := range []struct {
		what  string
		times map[string]int
	}{{"events", s.events}, {"faults that struck", s.struck}, {"turns", s.decisions}, {"webhooks settled", s.settled}} {
		fmt.Fprintf(&b, "\n%s:", list.what)
		for _, name := range slices.Sorted(maps.Keys(list.times)) {
			fmt.Fprintf(&b, "\n  %9d %s", list.times[name], name)
		}
	}
	b.WriteString("\n")
	return b.String()
}
