package promserver

import (
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"go.yaml.in/yaml/v3"
)

// alertsFile has the alert rules that Grafana evaluates on the monitoring
// machine.
const alertsFile = "etc/grafana/provisioning/alerting/rules.yaml"

// routeLabel is what the rules carry that ask the autoscaler for something.
const routeLabel = "autoscale"

// A grafanaGroup is the part of a group of provisioned rules that matters.
type grafanaGroup struct {
	Name     string
	Interval model.Duration
	Rules    []grafanaRule
}

type grafanaRule struct {
	Title     string
	Condition string
	For       model.Duration
	Labels    map[string]string
	Data      []struct {
		RefID string `yaml:"refId"`
		Model struct {
			Expr       string // of a query
			Type       string // of an expression over queries
			Expression string
		}
	}
}

// readAlerts reads the two rules that ask the autoscaler for something, as
// Prometheus would write them.
func readAlerts(cfg Config) (*rulefmt.RuleGroup, error) {
	text, err := fs.ReadFile(cfg.Files, alertsFile)
	if err != nil {
		return nil, fmt.Errorf("read the alert rules: %w", err)
	}
	var file struct{ Groups []grafanaGroup }
	if err := yaml.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("read the alert rules %s: %w", alertsFile, err)
	}
	for _, g := range file.Groups {
		group := rulefmt.RuleGroup{Name: g.Name, Interval: model.Duration(cfg.scaled(time.Duration(g.Interval)))}
		for _, r := range g.Rules {
			if r.Labels[routeLabel] == "" {
				continue
			}
			expression, err := r.promql()
			if err != nil {
				return nil, fmt.Errorf("read the alert rule %s: %w", r.Title, err)
			}
			group.Rules = append(group.Rules, rulefmt.Rule{
				Alert:       r.Title,
				Expr:        expression,
				For:         model.Duration(cfg.scaled(time.Duration(r.For))),
				Labels:      r.Labels,
				Annotations: map[string]string{"summary": `The pool's CPU use is {{ printf "%.1f" $value }} %`},
			})
		}
		if len(group.Rules) > 0 {
			return &group, nil
		}
	}
	return nil, fmt.Errorf("read the alert rules %s: none has the label %s", alertsFile, routeLabel)
}

// promql returns the condition of the rule in one expression: the comparison
// with its queries put in. Grafana names them $A or ${A}.
func (r grafanaRule) promql() (string, error) {
	var queries []string
	condition := ""
	for _, d := range r.Data {
		switch {
		case d.RefID == r.Condition && d.Model.Type == "math":
			condition = d.Model.Expression
		case d.Model.Expr != "":
			queries = append(queries, "${"+d.RefID+"}", "("+d.Model.Expr+")", "$"+d.RefID, "("+d.Model.Expr+")")
		default:
			return "", fmt.Errorf("%s is neither a query nor the comparison of queries that ends the rule", d.RefID)
		}
	}
	if condition == "" {
		return "", fmt.Errorf("its condition %q is no comparison", r.Condition)
	}
	return strings.NewReplacer(queries...).Replace(condition), nil
}
