package nspawn

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/exopool/exopool/fake/machine/nspawn/cloudinitstatus"
)

const (
	// outcomeInterval is how often a machine's disk is looked at until
	// cloud-init is done.
	outcomeInterval = 250 * time.Millisecond
	// bootLimit is how long a machine may have more CPU than its type
	// allows, in case its user-data never ends.
	bootLimit = 5 * time.Minute
)

// awaitCloudInit waits until cloud-init is done, logs its result, and takes the
// extra CPU away. Once the machine is switched off, what cloud-init says
// is no verdict on the user-data.
func (m *machine) awaitCloudInit(ctx context.Context, begin time.Time, limit *cpuLimit, wantedOn func() bool) {
	ticker := time.NewTicker(outcomeInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			if wantedOn() {
				m.checkOutcome(begin) // It may have finished just before it went off.
			}
			return
		case <-ticker.C:
		}
		if wantedOn() && m.checkOutcome(begin) {
			m.endBoost(limit)
			return
		}
		if time.Since(begin) > bootLimit && limit.boosted() {
			m.logger.Warn("cloud-init is still at work", "since", time.Since(begin).Round(time.Second))
			m.endBoost(limit)
		}
	}
}

// checkOutcome reports whether cloud-init is done, and takes over what it did.
func (m *machine) checkOutcome(begin time.Time) bool {
	outcome, finished, err := m.readOutcome(begin)
	if !finished && err == nil {
		return false
	}
	m.recordOutcome(outcome, err, time.Since(begin))
	return true
}

func (m *machine) readOutcome(begin time.Time) (cloudinitstatus.Outcome, bool, error) {
	disk, err := m.disk.Open()
	if err != nil {
		return cloudinitstatus.Outcome{}, false, err
	}
	defer disk.Close()
	return cloudinitstatus.Read(disk, begin)
}

// recordOutcome takes over what cloud-init did. What the first boot said remains, as
// later ones do not execute the user-data again.
func (m *machine) recordOutcome(outcome cloudinitstatus.Outcome, err error, took time.Duration) {
	if err == nil {
		err = outcome.Err()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.outcomeKnown {
		m.logger.Info("machine booted again", "took", took.Round(time.Millisecond))
		return
	}
	m.outcomeKnown, m.outcomeAt, m.complaints = true, time.Now(), outcome.Complaints
	defer m.settleLocked()
	if err == nil {
		for _, w := range outcome.Warnings {
			m.logger.Warn("cloud-init warns", "warning", w)
		}
		for _, c := range outcome.Complaints {
			m.logger.Warn("user-data went on after an error", "line", c)
		}
		m.logger.Info("machine booted, user-data done", "took", took.Round(time.Millisecond))
		return
	}
	m.condition.Err = err
	m.logger.Error("user-data failed", "err", err, "took", took.Round(time.Millisecond), "console", m.console)
	for _, line := range outcome.Tail {
		m.logger.Error("user-data wrote", "line", line)
	}
}

func (m *machine) endBoost(limit *cpuLimit) {
	if err := limit.endBoost(); err != nil {
		m.logger.Error("machine keeps the CPU that it had to boot", "err", err)
	}
}

// A cpuLimit is the machine's limit in CPUs, higher while it boots.
type cpuLimit struct {
	apply  func(cpus float64) error
	normal float64
	now    atomic.Value // float64
}

func newLimit(apply func(float64) error, normal float64) *cpuLimit {
	return &cpuLimit{apply: apply, normal: normal}
}

func (l *cpuLimit) set(cpus float64) error {
	l.now.Store(cpus)
	return l.apply(cpus)
}

func (l *cpuLimit) get() float64    { return l.now.Load().(float64) }
func (l *cpuLimit) boosted() bool   { return l.get() != l.normal }
func (l *cpuLimit) endBoost() error { return l.set(l.normal) }
