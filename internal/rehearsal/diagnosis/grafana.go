package diagnosis

import (
	"context"
	"fmt"
	"io"
	"net/netip"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

const grafanaPort = 3000

// An alerting is what Grafana's own metrics say of its alerts.
type alerting struct {
	rules, firing                  float64
	evaluations, failedEvaluations float64
	webhooks, failedWebhooks       float64
}

// alerting asks Grafana for its metrics, which it gives to everybody.
func (e *Examiner) alerting(ctx context.Context, at netip.Addr) (a alerting, err error) {
	err = e.get(ctx, netip.AddrPortFrom(at, grafanaPort), "/metrics", func(body io.Reader) (err error) {
		a, err = decodeAlerting(body)
		return err
	})
	return a, err
}

// decodeAlerting reads metrics in Prometheus' text format. It is an error if there are
// none about alerts, which Grafana has since version 9.
func decodeAlerting(text io.Reader) (alerting, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(text)
	if err != nil {
		return alerting{}, fmt.Errorf("read Grafana's metrics: %w", err)
	}
	const prefix = "grafana_alerting_"
	sum := func(name string, label model.LabelName, values ...model.LabelValue) (total float64) {
		family := families[prefix+name]
		if family == nil {
			return 0 // counters appear with the first event
		}
		samples, err := expfmt.ExtractSamples(&expfmt.DecodeOptions{}, family)
		if err != nil {
			return 0
		}
		for _, s := range samples {
			for _, v := range values {
				if s.Metric[label] == v {
					total += float64(s.Value)
				}
			}
		}
		return total
	}
	if families[prefix+"alerts"] == nil {
		return alerting{}, fmt.Errorf("read Grafana's metrics: there are none about alerts")
	}
	return alerting{
		rules:             sum("rule_group_rules", "state", "active", ""), // version 9 has no states
		firing:            sum("alerts", "state", "alerting"),
		evaluations:       sum("rule_evaluations_total", "", ""),
		failedEvaluations: sum("rule_evaluation_failures_total", "", ""),
		webhooks:          sum("notifications_total", "integration", "webhook"),
		failedWebhooks:    sum("notifications_failed_total", "integration", "webhook"),
	}, nil
}
