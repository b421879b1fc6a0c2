// Package story plays the demo: load comes, the pool grows until it is enough,
// load goes, the pool shrinks; and measures what that came to.
package story

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/exopool/exopool/cmd/demo/internal/view"
	"github.com/exopool/exopool/internal/rehearsal/traffic"
)

// A Stage is where the story is played.
type Stage interface {
	// Snapshot returns the newest reading of the stage.
	Snapshot() view.Snapshot
	// Enter notes which part of the story begins.
	Enter(view.Phase)
	// SetClients makes n clients ask in parallel.
	SetClients(n int)
	// Window sums up the requests sent within a span of time.
	Window(from, to time.Time) traffic.Window
}

// A Script says how the story goes.
type Script struct {
	Clients  int           // that come and go
	Hold     time.Duration // how long relief has to last before the load goes
	Patience time.Duration // that each part of the story may take at most
}

// lookInterval is how often the story looks at the stage.
const lookInterval = 100 * time.Millisecond

// A Story is one run. Play it once.
type Story struct {
	stage   Stage
	script  Script
	began   time.Time
	loadOn  time.Time
	second  time.Time // when a second member was healthy
	relief  time.Time // since when the average has been low enough
	loadOff time.Time
	summary view.Summary
}

// New returns a story that has not begun.
func New(stage Stage, script Script) *Story {
	return &Story{stage: stage, script: script, began: time.Now()}
}

// Play plays the story to its end. The error says which part took longer than
// the script's patience, or that ctx ended.
func (s *Story) Play(ctx context.Context) error {
	s.stage.Enter(view.PhaseStarting)
	if err := s.await(ctx, "the first members to be healthy, scraped and idle", s.ready); err != nil {
		return err
	}
	s.summary.StartSize = s.stage.Snapshot().Pool.Wanted
	s.loadOn = time.Now()
	s.stage.Enter(view.PhaseLoadOn)
	s.stage.SetClients(s.script.Clients)
	if err := s.await(ctx, "the pool to grow until the average CPU stays low enough", s.held); err != nil {
		return err
	}
	s.loadOff = time.Now()
	s.stage.Enter(view.PhaseLoadOff)
	s.stage.SetClients(0)
	if err := s.await(ctx, "the pool to shrink to its minimum", s.shrunk); err != nil {
		return err
	}
	s.stage.Enter(view.PhaseDone)
	return nil
}

// Improvise lets the load come and leaves the rest to whoever drives it, until
// ctx ends, which is no error.
func (s *Story) Improvise(ctx context.Context) error {
	s.stage.Enter(view.PhaseStarting)
	if err := s.await(ctx, "the first members to be healthy and scraped", s.ready); err != nil {
		return err
	}
	s.summary.StartSize = s.stage.Snapshot().Pool.Wanted
	s.loadOn = time.Now()
	s.stage.Enter(view.PhaseLoadOn)
	s.stage.SetClients(s.script.Clients)
	tick := time.NewTicker(lookInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			s.watch(s.stage.Snapshot(), now)
		}
	}
}

// await looks at the stage until a condition holds.
func (s *Story) await(ctx context.Context, what string, holds func(view.Snapshot, time.Time) bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, s.script.Patience, errPatience)
	defer cancel()
	tick := time.NewTicker(lookInterval)
	defer tick.Stop()
	for {
		now := time.Now()
		snapshot := s.stage.Snapshot()
		s.watch(snapshot, now)
		if holds(snapshot, now) {
			return nil
		}
		select {
		case <-ctx.Done():
			if errors.Is(context.Cause(ctx), errPatience) {
				return fmt.Errorf("waited %s in vain for %s", s.script.Patience.Round(time.Second), what)
			}
			return fmt.Errorf("stopped while waiting for %s: %w", what, ctx.Err())
		case <-tick.C:
		}
	}
}

var errPatience = errors.New("patience has run out")

// ready: the pool is at its minimum, all members get requests, there is an
// average to tell, and somebody evaluates the alerts.
func (s *Story) ready(v view.Snapshot, _ time.Time) bool {
	return v.Pool.Wanted == v.Settings.Min && v.Pool.Healthy() == v.Pool.Wanted && v.AverageCPU != nil &&
		v.Alerts.High != view.AlertUnknown
}

// relieved: the pool has grown, everybody that was asked for serves, and the
// average is below the threshold with no alert that says otherwise.
func (s *Story) relieved(v view.Snapshot) bool {
	return v.AverageCPU != nil && *v.AverageCPU < v.Settings.HighThreshold &&
		v.Alerts.High == view.AlertInactive &&
		v.Pool.Wanted > s.summary.StartSize && v.Pool.Healthy() >= v.Pool.Wanted
}

// held: relieved, and for long enough. A new member drags the average down
// before it has taken its share of the load, so relief may be lost again.
func (s *Story) held(v view.Snapshot, now time.Time) bool {
	if !s.relieved(v) {
		if !s.relief.IsZero() {
			s.relief = time.Time{}
			s.stage.Enter(view.PhaseLoadOn)
		}
		return false
	}
	if s.relief.IsZero() {
		s.relief = now
		s.stage.Enter(view.PhaseHolding)
	}
	s.summary.AvgCPUAtPeak = v.AverageCPU
	return now.Sub(s.relief) >= s.script.Hold
}

// shrunk: the pool is at its minimum again, nobody is left of those that had
// to go, and the autoscaler knows of all its steps: the last one is over only
// when the API said so.
func (s *Story) shrunk(v view.Snapshot, _ time.Time) bool {
	return v.Pool.Wanted == v.Settings.Min && len(v.Pool.Members) == v.Settings.Min &&
		s.summary.StartSize+v.Steps.Up-v.Steps.Down == v.Pool.Wanted
}

// watch keeps what the summary tells of the way.
func (s *Story) watch(v view.Snapshot, now time.Time) {
	s.summary.PeakSize = max(s.summary.PeakSize, v.Pool.Wanted)
	if s.second.IsZero() && !s.loadOn.IsZero() && v.AverageCPU != nil {
		s.summary.AvgCPUBefore = pointer(max(*v.AverageCPU, zeroIfNil(s.summary.AvgCPUBefore)))
	}
	if s.second.IsZero() && !s.loadOn.IsZero() && v.Pool.Healthy() > s.summary.StartSize {
		s.second = now
	}
	s.compare(v)
}

// sameAverage is how far two averages may be apart, in percent, that were not
// measured at the same instant.
const sameAverage = 5

// compare keeps the average that the alerts see, and that over all members,
// when they are farthest apart.
func (s *Story) compare(v view.Snapshot) {
	if v.Settings.BootAware == 0 || v.AverageCPU == nil || v.PlainCPU == nil {
		return
	}
	widest := float64(sameAverage)
	if s.summary.WidestSeen != nil {
		widest = math.Abs(*s.summary.WidestSeen - *s.summary.WidestPlain)
	}
	if math.Abs(*v.AverageCPU-*v.PlainCPU) > widest {
		s.summary.WidestSeen, s.summary.WidestPlain = v.AverageCPU, v.PlainCPU
	}
}

// Summary returns what the run came to so far. It is not judged yet.
func (s *Story) Summary() view.Summary {
	v := s.stage.Snapshot()
	sum := s.summary
	sum.EndSize = v.Pool.Wanted
	sum.MinSize = v.Settings.Min
	sum.WebhooksUp, sum.WebhooksDown = v.Webhooks.Up, v.Webhooks.Down
	sum.StepsUp, sum.StepsDown = v.Steps.Up, v.Steps.Down
	sum.Requests, sum.RequestErrors = v.Load.Requests, v.Load.Errors
	sum.HighThreshold = v.Settings.HighThreshold
	sum.APICalls = v.APICalls
	sum.Alerting = v.Settings.Alerting
	sum.BootAware = v.Settings.BootAware
	sum.Speed = v.Speed
	sum.DurationSeconds = time.Since(s.began).Seconds()
	if !s.second.IsZero() {
		sum.SecondsToSecondMember = pointer(s.second.Sub(s.loadOn).Seconds())
		sum.P95MsBefore = s.p95(s.loadOn, s.second)
	}
	if !s.relief.IsZero() && !s.loadOff.IsZero() {
		sum.P95MsAfter = s.p95(s.relief, s.loadOff)
	}
	return sum
}

// p95 returns the 95th percentile of latencies in milliseconds, nil without
// requests.
func (s *Story) p95(from, to time.Time) *float64 {
	w := s.stage.Window(from, to)
	if w.Requests == w.Errors {
		return nil
	}
	return pointer(float64(w.P95) / float64(time.Millisecond))
}

func zeroIfNil(v *float64) float64 {
	if v == nil {
		return 0
	}
	return *v
}

func pointer[T any](v T) *T { return &v }
