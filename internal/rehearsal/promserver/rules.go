package promserver

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"

	"github.com/exopool/exopool/internal/rehearsal/notifier"
)

// A ruleSource loads rules for the rule manager: those in the files, with their
// durations divided by the speed, and those that Grafana evaluates on the
// monitoring machine.
type ruleSource struct {
	cfg    Config
	parser parser.Parser
	alerts *rulefmt.RuleGroup // nil if they are not evaluated
}

func newRuleSource(cfg Config) ruleSource {
	return ruleSource{cfg: cfg, parser: parser.NewParser(parser.Options{})}
}

// Load returns the groups of a file, or the alerts.
func (s ruleSource) Load(name string, _ bool, scheme model.ValidationScheme) (*rulefmt.RuleGroups, []error) {
	if name == alertsFile {
		return &rulefmt.RuleGroups{Groups: []rulefmt.RuleGroup{*s.alerts}}, nil
	}
	text, err := fs.ReadFile(s.cfg.Files, name)
	if err != nil {
		return nil, []error{err}
	}
	groups, faults := rulefmt.Parse(text, false, scheme, s.parser, component(s.cfg.Logger, "rules"))
	if len(faults) > 0 {
		return nil, faults
	}
	for i := range groups.Groups {
		if err := s.scale(&groups.Groups[i]); err != nil {
			return nil, []error{err}
		}
	}
	return groups, nil
}

// Parse parses the expression of a rule.
func (s ruleSource) Parse(query string) (parser.Expr, error) { return s.parser.ParseExpr(query) }

// scale divides all durations of a group by the speed.
func (s ruleSource) scale(group *rulefmt.RuleGroup) error {
	scale := func(d *model.Duration) { *d = model.Duration(s.cfg.scaled(time.Duration(*d))) }
	scale(&group.Interval)
	for i := range group.Rules {
		rule := &group.Rules[i]
		scale(&rule.For)
		scale(&rule.KeepFiringFor)
		expression, err := s.scaleExpression(rule.Expr)
		if err != nil {
			return fmt.Errorf("divide the durations of the rule %s: %w", rule.Record+rule.Alert, err)
		}
		rule.Expr = expression
	}
	return nil
}

func (s ruleSource) scaleExpression(text string) (string, error) {
	if s.cfg.Speed == 1 {
		return text, nil
	}
	expression, err := s.parser.ParseExpr(text)
	if err != nil {
		return "", err
	}
	parser.Inspect(expression, func(node parser.Node, _ []parser.Node) error {
		switch node := node.(type) {
		case *parser.MatrixSelector:
			node.Range = s.cfg.scaled(node.Range)
		case *parser.SubqueryExpr:
			node.Range, node.Step = s.cfg.scaled(node.Range), s.cfg.scaled(node.Step)
			node.OriginalOffset = s.cfg.scaled(node.OriginalOffset)
		case *parser.VectorSelector:
			node.OriginalOffset = s.cfg.scaled(node.OriginalOffset)
		}
		return nil
	})
	return expression.String(), nil
}

func (s *Server) newRuleManager(ctx context.Context) (*rules.Manager, error) {
	source := newRuleSource(s.cfg)
	names := slices.Clone(s.ruleFiles)
	if s.cfg.Notify != nil {
		alerts, err := readAlerts(s.cfg)
		if err != nil {
			return nil, err
		}
		source.alerts = alerts
		names = append(names, alertsFile)
	}
	manager := rules.NewManager(&rules.ManagerOptions{
		Context:     ctx,
		QueryFunc:   s.query,
		Appendable:  s.db,
		Queryable:   s.db,
		Logger:      component(s.cfg.Logger, "rules"),
		Metrics:     s.ruleMetrics,
		GroupLoader: source,
		// Notify is called after the evaluation instead: see evaluate.
		NotifyFunc: func(context.Context, string, ...*rules.Alert) {},
	})
	interval := time.Duration(s.config.GlobalConfig.EvaluationInterval)
	if err := manager.Update(interval, names, labels.EmptyLabels(), "", s.evaluate); err != nil {
		return nil, fmt.Errorf("load the rules: %w", err)
	}
	return manager, nil
}

// evaluate evaluates a group of rules and, if they are the alerts, calls Notify.
// The rule manager does not call its NotifyFunc when an evaluation fails, so it
// would not show that an alert stopped firing.
func (s *Server) evaluate(ctx context.Context, group *rules.Group, at time.Time) {
	rules.DefaultEvalIterationFunc(ctx, group, at)
	if group.File() != alertsFile || ctx.Err() != nil {
		return // When the server stops, evaluations fail.
	}
	firing := []notifier.Alert{}
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
			firing = append(firing, notifier.Alert{
				Labels:      alert.Labels.Map(),
				Annotations: alert.Annotations.Map(),
				Value:       alert.Value,
				StartsAt:    alert.FiredAt,
			})
		}
	}
	s.states.Store(&states)
	s.cfg.Notify(ctx, firing)
}
