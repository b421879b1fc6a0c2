package monitor

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"

	"github.com/exopool/exopool/internal/rehearsal/notify"
)

// ruleGroup is the name of the only group, and stands for a file that nobody
// reads.
const ruleGroup = "autoscaling"

// A ruleSource hands our rules to the rule manager in place of files.
type ruleSource struct {
	parser parser.Parser
	groups rulefmt.RuleGroups
}

func newRuleSource(cfg Config) ruleSource {
	average := AverageExpression(cfg.JobName, cfg.Window)
	rule := func(name, condition, direction string) rulefmt.Rule {
		return rulefmt.Rule{
			Alert:       name,
			Expr:        average + condition,
			For:         model.Duration(cfg.For),
			Labels:      map[string]string{"autoscale": direction},
			Annotations: map[string]string{"summary": `Average CPU use of the pool is {{ printf "%.1f" $value }} %`},
		}
	}
	return ruleSource{
		parser: parser.NewParser(parser.Options{}),
		groups: rulefmt.RuleGroups{Groups: []rulefmt.RuleGroup{{
			Name:     ruleGroup,
			Interval: model.Duration(cfg.EvaluationInterval),
			Rules: []rulefmt.Rule{
				rule("CPU high", fmt.Sprintf(" > %v", cfg.High), "up"),
				rule("CPU low", fmt.Sprintf(" < %v", cfg.Low), "down"),
			},
		}}},
	}
}

// Load returns the rules, whatever the identifier.
func (s ruleSource) Load(string, bool, model.ValidationScheme) (*rulefmt.RuleGroups, []error) {
	return &s.groups, nil
}

// Parse parses the expression of a rule.
func (s ruleSource) Parse(query string) (parser.Expr, error) { return s.parser.ParseExpr(query) }

func (m *Monitor) newRuleManager(ctx context.Context) (*rules.Manager, error) {
	manager := rules.NewManager(&rules.ManagerOptions{
		Context:     ctx,
		QueryFunc:   m.query,
		Appendable:  m.db,
		Queryable:   m.db,
		Logger:      component(m.cfg.Logger, "rules"),
		Metrics:     m.ruleMetrics,
		GroupLoader: newRuleSource(m.cfg),
		// Alerts are told after the evaluation instead: see evaluate.
		NotifyFunc: func(context.Context, string, ...*rules.Alert) {},
	})
	err := manager.Update(m.cfg.EvaluationInterval, []string{ruleGroup}, labels.EmptyLabels(), "", m.evaluate)
	if err != nil {
		return nil, fmt.Errorf("load alert rules: %w", err)
	}
	return manager, nil
}

// evaluate evaluates the rules and tells what fires afterwards. The rule
// manager's own way says nothing when an evaluation fails, and then nobody
// learns that an alert is not known to fire any more.
func (m *Monitor) evaluate(ctx context.Context, group *rules.Group, at time.Time) {
	rules.DefaultEvalIterationFunc(ctx, group, at)
	if ctx.Err() != nil {
		return // Evaluations fail because the monitor stops.
	}
	firing := []notify.Alert{}
	states := map[string]string{}
	for _, rule := range group.AlertingRules() {
		if rule.Health() != rules.HealthGood {
			continue
		}
		states[rule.Name()] = rule.State().String()
		for _, alert := range rule.ActiveAlerts() {
			if alert.State != rules.StateFiring {
				continue
			}
			firing = append(firing, notify.Alert{
				Labels:      alert.Labels.Map(),
				Annotations: alert.Annotations.Map(),
				Value:       alert.Value,
				StartsAt:    alert.FiredAt,
			})
		}
	}
	m.states.Store(&states)
	m.cfg.Notify(ctx, firing)
}
