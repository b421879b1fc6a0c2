package autoscale

import (
	"github.com/prometheus/client_golang/prometheus"
)

// policyMetrics are about a policy that decides by the load. Those without labels are
// absent while they are not known.
type policyMetrics struct {
	load, wanted, forecast, margin *prometheus.GaugeVec
	loadUnknown                    prometheus.Gauge
}

func newPolicyMetrics() policyMetrics {
	return policyMetrics{
		load: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: namespace, Name: "load_members", Help: "Members that serve which the load takes at the objective, as last measured.",
		}, nil),
		wanted: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: namespace, Name: "wanted_members", Help: "Members that the policy wants, before guards and limits.",
		}, nil),
		forecast: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: namespace, Name: "forecast_members", Help: "Members that the load is expected to take when new members serve.",
		}, nil),
		margin: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: namespace, Name: "forecast_margin_members", Help: "Members that the policy adds to the forecast for its errors; negative: takes away.",
		}, nil),
		loadUnknown: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Name: "load_unknown", Help: "1 while the load that the policy needs is not known.",
		}),
	}
}

func (m policyMetrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{m.load, m.wanted, m.forecast, m.margin, m.loadUnknown}
}

// setLoad takes the load, as far as it is known.
func (m policyMetrics) setLoad(load Load, err error) {
	m.load.Reset()
	if !load.At.IsZero() {
		m.load.WithLabelValues().Set(load.Members)
	}
	m.loadUnknown.Set(map[bool]float64{true: 1}[err != nil])
}

// setWish takes what the policy wants.
func (m policyMetrics) setWish(wish Wish) {
	m.wanted.WithLabelValues().Set(float64(wish.Size))
	m.forecast.Reset()
	m.margin.Reset()
	if wish.Forecast != nil {
		m.forecast.WithLabelValues().Set(wish.Forecast.Members)
		m.margin.WithLabelValues().Set(wish.Forecast.Margin)
	}
}
