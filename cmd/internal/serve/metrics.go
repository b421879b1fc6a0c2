package serve

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	connections prometheus.Gauge
	displaced   prometheus.Counter
}

// newMetrics registers the metrics of a program's server.
func newMetrics(reg prometheus.Registerer, namespace string) (*metrics, error) {
	m := &metrics{
		connections: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Name: "http_connections",
			Help: "Open connections of the HTTP service.",
		}),
		displaced: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: namespace, Name: "http_connections_displaced_total",
			Help: "Connections that were closed to make room for others.",
		}),
	}
	if reg == nil {
		return m, nil
	}
	if err := errors.Join(reg.Register(m.connections), reg.Register(m.displaced)); err != nil {
		return nil, fmt.Errorf("register metrics of the server: %w", err)
	}
	return m, nil
}
