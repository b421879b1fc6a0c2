package discovery

import (
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	targets     *prometheus.GaugeVec
	skipped     *prometheus.GaugeVec
	lastSuccess prometheus.Gauge
	duration    prometheus.Histogram
	failures    *prometheus.CounterVec
	writes      prometheus.Counter
	changes     *prometheus.CounterVec
}

// Values of the label of the changes.
const (
	changeAdded   = "added"
	changeRemoved = "removed"
)

// newMetrics registers the metrics, and those of members unless they are nil;
// with a nil registerer nobody sees them.
func newMetrics(reg prometheus.Registerer, members *memberMetrics) (*metrics, error) {
	const namespace, subsystem = "exopool", "discovery"
	m := &metrics{
		targets: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "targets",
			Help: "Targets published for a pool.",
		}, []string{"pool"}),
		skipped: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "skipped_members",
			Help: "Members of a pool that are no targets because they have no public address.",
		}, []string{"pool"}),
		lastSuccess: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "last_success_timestamp_seconds",
			Help: "Time of the last good refresh, as Unix time; 0 when there was none since the start.",
		}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "refresh_duration_seconds",
			Help:    "Time that refreshes took, good ones and failed ones.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
		}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "refresh_failures_total",
			Help: "Refreshes that failed, by reason.",
		}, []string{"reason"}),
		writes: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "file_writes_total",
			Help: "How often the targets file was replaced.",
		}),
		changes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "target_changes_total",
			Help: "Targets that came or went, by change.",
		}, []string{"change"}),
	}
	for _, why := range reasons() {
		m.failures.WithLabelValues(string(why))
	}
	m.changes.WithLabelValues(changeAdded)
	m.changes.WithLabelValues(changeRemoved)
	if reg == nil {
		return m, nil
	}
	collectors := []prometheus.Collector{m.targets, m.skipped, m.lastSuccess, m.duration, m.failures, m.writes, m.changes}
	if members != nil {
		collectors = append(collectors, members)
	}
	var errs []error
	for _, c := range collectors {
		errs = append(errs, reg.Register(c))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("register the discovery metrics: %w", err)
	}
	return m, nil
}

// refreshed counts one refresh.
func (m *metrics) refreshed(took time.Duration, err error) {
	m.duration.Observe(took.Seconds())
	if err != nil {
		m.failures.WithLabelValues(string(reasonOf(err))).Inc()
	}
}

// published counts what readers now see.
func (m *metrics) published(counts map[string]poolCount, added, removed int) {
	for pool, count := range counts {
		m.targets.WithLabelValues(pool).Set(float64(count.targets))
		m.skipped.WithLabelValues(pool).Set(float64(count.skipped))
	}
	m.changes.WithLabelValues(changeAdded).Add(float64(added))
	m.changes.WithLabelValues(changeRemoved).Add(float64(removed))
}
