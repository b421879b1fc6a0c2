// Package scenario runs the demo's load on a system and measures the outcome:
// clients start, the pool grows until the average CPU stays low, clients stop,
// the pool shrinks.
package scenario

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/exopool/exopool/cmd/demo/internal/view"
	"github.com/exopool/exopool/internal/rehearsal/traffic"
)

// A System is what the scenario runs on.
type System interface {
	// Snapshot returns the newest reading of the system.
	Snapshot() view.Snapshot
	// SetPhase sets which part of the demo the views show.
	SetPhase(view.Phase)
	// SetClients sets how many clients send requests in parallel.
	SetClients(n int)
	// TakenOver is closed once the user has taken over the load.
	TakenOver() <-chan struct{}
	// Window sums up the requests sent within a span of time.
	Window(from, to time.Time) traffic.Window
}

// Config describes a scenario. All fields are required.
type Config struct {
	Clients int           // that send requests in parallel
	Hold    time.Duration // how long the average CPU has to stay low before the clients stop: a turn
	Timeout time.Duration // of each phase
}

// pollInterval is how often the scenario reads the system.
const pollInterval = 100 * time.Millisecond

// A Scenario is one run. Run it once.
type Scenario struct {
	system  System
	cfg     Config
	began   time.Time
	loadOn  time.Time
	second  time.Time // when a second member was healthy
	relief  time.Time // since when the average has been low enough
	loadOff time.Time
	summary view.Summary
	byHand  bool       // the user drives the load
	phase   view.Phase // of the load by hand
}

// New returns a scenario that has not begun.
func New(system System, cfg Config) *Scenario {
	return &Scenario{system: system, cfg: cfg, began: time.Now()}
}

// Run runs the scenario to its end. The error says which phase timed out, or
// that ctx ended. Once the user has taken over the load, Run goes on like
// [Scenario.RunInteractive].
func (s *Scenario) Run(ctx context.Context) error {
	err := s.play(ctx)
	if errors.Is(err, errTakenOver) {
		return s.RunInteractive(ctx)
	}
	return err
}

func (s *Scenario) play(ctx context.Context) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	if err := s.await(ctx, "the pool to grow until the average CPU stays low", s.held); err != nil {
		return err
	}
	s.loadOff = time.Now()
	s.system.SetPhase(view.PhaseLoadOff)
	s.system.SetClients(0)
	if err := s.await(ctx, "the pool to shrink to its minimum size", s.shrunk); err != nil {
		return err
	}
	s.system.SetPhase(view.PhaseDone)
	return nil
}

// begin waits for the system to be ready and starts the clients.
func (s *Scenario) begin(ctx context.Context) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	s.loadOn = time.Now()
	s.system.SetPhase(view.PhaseLoadOn)
	s.system.SetClients(s.cfg.Clients)
	return nil
}

// ready waits for the system to be ready.
func (s *Scenario) ready(ctx context.Context) error {
	s.system.SetPhase(view.PhaseStarting)
	if err := s.await(ctx, "the first members to be healthy and scraped", s.started); err != nil {
		return err
	}
	s.summary.StartSize = s.system.Snapshot().Pool.Wanted
	return nil
}

// await reads the system until a condition holds.
func (s *Scenario) await(ctx context.Context, what string, holds func(view.Snapshot, time.Time) bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, s.cfg.Timeout, errTimeout)
	defer cancel()
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		now := time.Now()
		snapshot := s.system.Snapshot()
		s.record(snapshot, now)
		if holds(snapshot, now) {
			return nil
		}
		select {
		case <-s.takenOver():
			return errTakenOver
		case <-ctx.Done():
			if errors.Is(context.Cause(ctx), errTimeout) {
				return fmt.Errorf("timed out after %s waiting for %s", s.cfg.Timeout.Round(time.Second), what)
			}
			return fmt.Errorf("stopped while waiting for %s: %w", what, ctx.Err())
		case <-tick.C:
		}
	}
}

var (
	errTimeout   = errors.New("timed out")
	errTakenOver = errors.New("the user has taken over the load")
)

// started reports whether the pool has its minimum size, all members get
// requests, there is an average, and the alerts are evaluated.
func (s *Scenario) started(v view.Snapshot, _ time.Time) bool {
	return v.Pool.Wanted == v.Settings.Min && v.Pool.Healthy() == v.Pool.Wanted && v.AverageCPU != nil &&
		v.Alerts.High != view.AlertUnknown
}

// relieved reports whether the pool has grown, all members serve, and the
// average is below the threshold with no alert that says otherwise.
func (s *Scenario) relieved(v view.Snapshot) bool {
	return v.AverageCPU != nil && *v.AverageCPU < v.Settings.HighThreshold &&
		v.Alerts.High == view.AlertInactive &&
		v.Pool.Wanted > s.summary.StartSize && v.Pool.Healthy() >= v.Pool.Wanted
}

// held reports whether the pool has been relieved for long enough, and follows
// since when. A new member lowers the average before it has taken its share of
// the load, so relief may be lost again.
func (s *Scenario) held(v view.Snapshot, now time.Time) bool {
	if !s.relieved(v) {
		if !s.relief.IsZero() {
			s.relief = time.Time{}
			s.system.SetPhase(view.PhaseLoadOn)
		}
		return false
	}
	if s.relief.IsZero() {
		s.relief = now
		s.system.SetPhase(view.PhaseHolding)
	}
	s.summary.AvgCPUAtPeak = v.AverageCPU
	return now.Sub(s.relief) >= s.cfg.Hold
}

// shrunk reports whether the pool has its minimum size again, surplus members
// are gone, and the autoscaler knows of all its steps: the last one is over
// only when the API said so.
func (s *Scenario) shrunk(v view.Snapshot, _ time.Time) bool {
	return v.Pool.Wanted == v.Settings.Min && len(v.Pool.Members) == v.Settings.Min &&
		s.summary.StartSize+v.Steps.Up-v.Steps.Down == v.Pool.Wanted
}

// record keeps what the summary needs of a snapshot.
func (s *Scenario) record(v view.Snapshot, now time.Time) {
	s.summary.PeakSize = max(s.summary.PeakSize, v.Pool.Wanted)
	if s.second.IsZero() && !s.loadOn.IsZero() && v.AverageCPU != nil {
		s.summary.AvgCPUBefore = pointer(max(*v.AverageCPU, zeroIfNil(s.summary.AvgCPUBefore)))
	}
	if s.second.IsZero() && !s.loadOn.IsZero() && v.Pool.Healthy() > s.summary.StartSize {
		s.second = now
	}
	s.recordAverages(v)
}

// sameAverage is how far two averages may be apart, in percent, that were not
// measured at the same instant.
const sameAverage = 5

// recordAverages keeps the average that the alerts see, and that over all
// members, when they are farthest apart.
func (s *Scenario) recordAverages(v view.Snapshot) {
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

// Summary returns the measurements so far. They are not judged yet.
func (s *Scenario) Summary() view.Summary {
	v := s.system.Snapshot()
	sum := s.summary
	sum.ByHand = s.byHand
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
func (s *Scenario) p95(from, to time.Time) *float64 {
	w := s.system.Window(from, to)
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
