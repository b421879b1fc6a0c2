package monitor

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/rules"
)

// Average returns the average CPU use of the pool's members over the window,
// in percent from 0 to 100, and false when there is no data to tell it from.
func (m *Monitor) Average(ctx context.Context) (float64, bool, error) {
	vector, err := m.query(ctx, AverageExpression(m.cfg.JobName, m.cfg.Window), time.Now())
	if err != nil {
		return 0, false, fmt.Errorf("query average CPU use of job %s: %w", m.cfg.JobName, err)
	}
	// Counters that stand still give 0/0.
	if len(vector) == 0 || math.IsNaN(vector[0].F) {
		return 0, false, nil
	}
	return vector[0].F, true, nil
}

// Members returns the CPU use of each member over the window, in percent from
// 0 to 100, by instance ("ip:port"). Members without two samples in the window
// are absent. A member that is gone stays until its samples have left the
// window.
func (m *Monitor) Members(ctx context.Context) (map[string]float64, error) {
	vector, err := m.query(ctx, "100 * "+MembersExpression(m.cfg.JobName, m.cfg.Window), time.Now())
	if err != nil {
		return nil, fmt.Errorf("query CPU use of the members of job %s: %w", m.cfg.JobName, err)
	}
	use := make(map[string]float64, len(vector))
	for _, s := range vector {
		if !math.IsNaN(s.F) {
			use[s.Metric.Get(model.InstanceLabel)] = s.F
		}
	}
	return use, nil
}

// Up tells of each member whether its last scrape worked, by instance
// ("ip:port"). Members never scraped, and those gone, are absent.
func (m *Monitor) Up(ctx context.Context) (map[string]bool, error) {
	vector, err := m.query(ctx, upExpression(m.cfg.JobName), time.Now())
	if err != nil {
		return nil, fmt.Errorf("query which members of job %s are up: %w", m.cfg.JobName, err)
	}
	up := make(map[string]bool, len(vector))
	for _, s := range vector {
		up[s.Metric.Get(model.InstanceLabel)] = s.F == 1
	}
	return up, nil
}

// AlertState returns "inactive", "pending" or "firing" for the alert of that
// name, as the last evaluation left it; "inactive" also when it was never
// evaluated or could not be.
func (m *Monitor) AlertState(name string) string {
	if states := m.states.Load(); states != nil && (*states)[name] != "" {
		return (*states)[name]
	}
	return rules.StateInactive.String()
}
