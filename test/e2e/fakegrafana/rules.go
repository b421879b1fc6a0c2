package main

import (
	"context"
	"fmt"
	"io/fs"
	"time"

	prometheus "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"

	"github.com/exopool/exopool/internal/rehearsal/notifier"
	"github.com/exopool/exopool/terraform/files"
)

// A rule is one alert.
type rule struct {
	Alert  string
	Expr   string
	For    model.Duration
	Labels map[string]string

	since time.Time // when the condition began to hold; zero while it does not
}

// installedRules are the alerts for installations without Grafana.
func installedRules() ([]*rule, error) {
	const name = "etc/exopool/rules-optional/alerts.yml"
	text, err := fs.ReadFile(files.Monitoring(), name)
	if err != nil {
		return nil, err
	}
	var file struct{ Groups []struct{ Rules []*rule } }
	if err := yaml.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	var rules []*rule
	for _, group := range file.Groups {
		rules = append(rules, group.Rules...)
	}
	return rules, nil
}

// interval is how often Grafana evaluates.
const interval = 10 * time.Second

// evaluate evaluates the rules and calls update with the firing alerts, until ctx
// ends. While Prometheus does not answer, none fires.
func evaluate(ctx context.Context, ask prometheus.API, rules []*rule, update func(context.Context, []notifier.Alert)) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		firing := []notifier.Alert{}
		for _, r := range rules {
			value, holds := r.evaluate(ctx, ask)
			switch {
			case !holds:
				r.since = time.Time{}
				continue
			case r.since.IsZero():
				r.since = time.Now()
			}
			if pending := time.Duration(r.For); time.Since(r.since) >= pending {
				labels := map[string]string{model.AlertNameLabel: r.Alert}
				for name, value := range r.Labels {
					labels[name] = value
				}
				firing = append(firing, notifier.Alert{Labels: labels, Value: value, StartsAt: r.since.Add(pending)})
			}
		}
		update(ctx, firing)
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// evaluate queries Prometheus and reports whether the condition holds.
func (r *rule) evaluate(ctx context.Context, ask prometheus.API) (value float64, holds bool) {
	ctx, cancel := context.WithTimeout(ctx, interval/2)
	defer cancel()
	result, _, _, err := ask.Query(ctx, r.Expr, time.Now())
	if err != nil {
		return 0, false
	}
	vector, ok := result.(model.Vector)
	if !ok || len(vector) == 0 {
		return 0, false
	}
	return float64(vector[0].Value), true
}
