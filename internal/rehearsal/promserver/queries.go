package promserver

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/rules"
)

// What the rules record. Scraped series always have a job, so those of a member
// that exposes the same names are left out.
const (
	recorded = `{job=""}`

	// Signal is the load of the pool, in percent. The alerts compare what it is at
	// least and at most, which differ only while a member is silent or boots.
	Signal = "exopool:cpu:percent"
	// membersSignal is the CPU use of each member, in percent.
	membersSignal = "exopool:member_cpu:percent"
	highLimit     = "exopool:cpu_high:percent"
	lowLimit      = "exopool:cpu_low:percent"
)

// Average returns the [Signal], by default the average CPU use of the pool's
// members over a minute, in percent from 0 to 100, and false when there is no
// data.
func (s *Server) Average(ctx context.Context) (float64, bool, error) {
	return s.value(ctx, Signal+recorded)
}

// Limits returns the values of the [Signal] below which there are too many
// members and above which there are too few, in percent. They are known before
// they are recorded for the first time.
func (s *Server) Limits(ctx context.Context) (low, high float64, err error) {
	for name, limit := range map[string]*float64{lowLimit: &low, highLimit: &high} {
		expression, err := s.expression(name)
		if err != nil {
			return 0, 0, err
		}
		value, known, err := s.value(ctx, expression)
		if err != nil {
			return 0, 0, err
		}
		if !known {
			return 0, 0, fmt.Errorf("evaluate %s: it has no value", name)
		}
		*limit = value
	}
	return low, high, nil
}

// expression returns what a metric is recorded from.
func (s *Server) expression(name string) (string, error) {
	source := newRuleSource(s.cfg)
	for _, file := range s.ruleFiles {
		groups, faults := source.Load(file, false, model.UTF8Validation)
		if len(faults) > 0 {
			return "", fmt.Errorf("read the rules: %w", errors.Join(faults...))
		}
		for _, group := range groups.Groups {
			for _, rule := range group.Rules {
				if rule.Record == name {
					return rule.Expr, nil
				}
			}
		}
	}
	return "", fmt.Errorf("read the rules: none records %s", name)
}

// value returns the current value of an expression without labels, and false if
// it has none.
func (s *Server) value(ctx context.Context, expression string) (float64, bool, error) {
	vector, err := s.query(ctx, expression, time.Now())
	if err != nil {
		return 0, false, fmt.Errorf("query %s: %w", expression, err)
	}
	// Counters that do not increase give 0/0.
	if len(vector) == 0 || math.IsNaN(vector[0].F) {
		return 0, false, nil
	}
	return vector[0].F, true, nil
}

// Members returns the CPU use of each member over the window, in percent from
// 0 to 100, by instance ("ip:port"). Members without two samples in the window
// are absent. A member that is gone stays until its samples have left the
// window.
func (s *Server) Members(ctx context.Context) (map[string]float64, error) {
	vector, err := s.query(ctx, membersSignal+recorded, time.Now())
	if err != nil {
		return nil, fmt.Errorf("query the CPU use of the members: %w", err)
	}
	use := make(map[string]float64, len(vector))
	for _, s := range vector {
		if !math.IsNaN(s.F) {
			use[s.Metric.Get(model.InstanceLabel)] = s.F
		}
	}
	return use, nil
}

// Up returns whether the last scrape of each member succeeded, by instance
// ("ip:port"). Members that were never scraped, and former ones, are absent.
func (s *Server) Up(ctx context.Context) (map[string]bool, error) {
	vector, err := s.query(ctx, `up{job="pool"}`, time.Now())
	if err != nil {
		return nil, fmt.Errorf("query which members are up: %w", err)
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
func (s *Server) AlertState(name string) string {
	if states := s.states.Load(); states != nil && (*states)[name] != "" {
		return (*states)[name]
	}
	return rules.StateInactive.String()
}
