package serve

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	connections prometheus.Gauge
	displaced   prometheus.Counter
	keypair     keypairMetrics
}

type keypairMetrics struct {
	notAfter prometheus.Gauge
	reloaded prometheus.Gauge
}

// newMetrics registers the metrics of a server, those of TLS if it is encrypted.
func newMetrics(reg prometheus.Registerer, namespace string, encrypted bool) (*metrics, error) {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help})
	}
	m := &metrics{
		connections: gauge("http_connections", "Open connections of the HTTP service."),
		displaced: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: namespace, Name: "http_connections_displaced_total",
			Help: "Connections that were closed to make room for others.",
		}),
		keypair: keypairMetrics{
			notAfter: gauge("tls_certificate_not_after_timestamp_seconds", "When the TLS certificate in use expires."),
			reloaded: gauge("tls_last_reload_successful", "Whether the files of certificate and key hold the pair in use; 0 while they cannot be used."),
		},
	}
	m.keypair.reloaded.Set(1)
	if reg == nil {
		return m, nil
	}
	all := []prometheus.Collector{m.connections, m.displaced}
	if encrypted {
		all = append(all, m.keypair.notAfter, m.keypair.reloaded)
	}
	var errs []error
	for _, c := range all {
		errs = append(errs, reg.Register(c))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("register metrics of the server: %w", err)
	}
	return m, nil
}
