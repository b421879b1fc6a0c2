package autoscale

import (
	"github.com/prometheus/client_golang/prometheus"
)

// budgetMetrics are absent until the first reading, and without a price.
type budgetMetrics struct {
	limit, spent, forecast, minimum *prometheus.GaugeVec
	saving, exhausted               *prometheus.GaugeVec
}

func newBudgetMetrics() budgetMetrics {
	const currency = "currency"
	return budgetMetrics{
		limit: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: namespace, Name: "budget_limit", Help: "What members may cost in a period; 0: there is no limit.",
		}, []string{currency}),
		spent: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: namespace, Name: "budget_spent", Help: "What members have cost in the period so far.",
		}, []string{currency}),
		forecast: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: namespace, Name: "budget_forecast", Help: "What members will have cost in the period, with as many as in the last day.",
		}, []string{currency}),
		minimum: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: namespace, Name: "budget_minimum_forecast", Help: "What members will have cost in the period, with no more than the minimum from now on.",
		}, []string{currency}),
		saving: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: namespace, Name: "budget_saving", Help: "1 while most of the budget is spent, or all.",
		}, nil),
		exhausted: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: namespace, Name: "budget_exhausted", Help: "1 while the budget pays for no more members than there are.",
		}, nil),
	}
}

func (m budgetMetrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{m.limit, m.spent, m.forecast, m.minimum, m.saving, m.exhausted}
}

func (m budgetMetrics) set(s BudgetState) {
	for gauge, value := range map[*prometheus.GaugeVec]float64{
		m.limit: s.Limit, m.spent: s.Spent, m.forecast: s.Forecast, m.minimum: s.Minimum,
	} {
		gauge.WithLabelValues(s.Currency).Set(value)
	}
	m.saving.WithLabelValues().Set(map[bool]float64{true: 1}[s.State != ""])
	m.exhausted.WithLabelValues().Set(map[bool]float64{true: 1}[s.State == BudgetExhausted])
}
