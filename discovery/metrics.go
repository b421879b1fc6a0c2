package discovery

import (
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const namespace = "exopool_discovery"

type metrics struct {
	targets     *prometheus.GaugeVec
	skipped     *prometheus.GaugeVec
	lastSuccess prometheus.Gauge
	duration    prometheus.Histogram
	failures    *prometheus.CounterVec
	writes      prometheus.Counter
	changes     *prometheus.CounterVec
	held        *prometheus.GaugeVec
	staleLists  *prometheus.CounterVec
	refused     *prometheus.GaugeVec
	absent      *prometheus.GaugeVec
	forgotten   *prometheus.CounterVec
	denied      *prometheus.CounterVec
}

// Values of the label "change".
const (
	changeAdded   = "added"
	changeRemoved = "removed"
)

// Values of the label "outcome".
const (
	outcomeRefused     = "refused"
	outcomeRateLimited = "rate-limited"
)

// newMetrics registers the metrics, and those of members, with reg; either may be
// nil.
func newMetrics(reg prometheus.Registerer, members *memberMetrics, pools []*poolState) (*metrics, error) {
	m := &metrics{
		targets: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: namespace, Name: "targets",
			Help: "Targets published for a pool.",
		}, []string{"pool"}),
		skipped: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: namespace, Name: "skipped_members",
			Help: "Members of a pool that are not targets because they have no public address.",
		}, []string{"pool"}),
		lastSuccess: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Name: "last_success_timestamp_seconds",
			Help: "Time of the last good refresh, as Unix time; 0 if there was none since the start.",
		}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace, Name: "refresh_duration_seconds",
			Help:    "Time that refreshes took, good ones and failed ones.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
		}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "refresh_failures_total",
			Help: "Refreshes that failed, by reason.",
		}, []string{"reason"}),
		writes: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: namespace, Name: "file_writes_total",
			Help: "How often the targets file was replaced.",
		}),
		changes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "target_changes_total",
			Help: "Targets that were added or removed, by change.",
		}, []string{"change"}),
		held: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: namespace, Name: "held_targets",
			Help: "Targets of a pool that the last list of members lacks, and that stay until the pool confirms it or a few refreshes have passed.",
		}, []string{"pool"}),
		staleLists: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "stale_lists_total",
			Help: "Lists of members that were not accepted, as they contradicted the size or the members of the pool.",
		}, []string{"pool"}),
		refused: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: namespace, Name: "refused_addresses",
			Help: "Members of a pool with an address that never becomes a target, such as a loopback or link-local one.",
		}, []string{"pool"}),
		absent: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: namespace, Name: "pool_absent_seconds",
			Help: "How long the provider has reported that the pool does not exist; 0 if it does.",
		}, []string{"pool"}),
		forgotten: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "forgotten_targets_total",
			Help: "Targets that were removed because their pool had not existed for too long.",
		}, []string{"pool"}),
		denied: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "requests_refused_total",
			Help: "Requests without the right token.",
		}, []string{"path", "outcome"}),
	}
	for _, path := range []string{"/targets", "/metrics"} {
		m.denied.WithLabelValues(path, outcomeRefused)
		m.denied.WithLabelValues(path, outcomeRateLimited)
	}
	for _, why := range reasons() {
		m.failures.WithLabelValues(string(why))
	}
	m.changes.WithLabelValues(changeAdded)
	m.changes.WithLabelValues(changeRemoved)
	for _, s := range pools {
		m.staleLists.WithLabelValues(s.name)
		m.forgotten.WithLabelValues(s.name)
	}
	if reg == nil {
		return m, nil
	}
	collectors := []prometheus.Collector{
		m.targets, m.skipped, m.lastSuccess, m.duration, m.failures, m.writes, m.changes,
		m.held, m.staleLists, m.refused, m.absent, m.forgotten, m.denied,
	}
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

// observeRefresh counts one refresh.
func (m *metrics) observeRefresh(took time.Duration, err error) {
	m.duration.Observe(took.Seconds())
	if err != nil {
		m.failures.WithLabelValues(string(reasonOf(err))).Inc()
	}
}

// countChanges counts the changes of what is published.
func (m *metrics) countChanges(added, removed int) {
	m.changes.WithLabelValues(changeAdded).Add(float64(added))
	m.changes.WithLabelValues(changeRemoved).Add(float64(removed))
}

// setPools sets the metrics of pools.
func (m *metrics) setPools(pools []*poolState) {
	for _, s := range pools {
		m.targets.WithLabelValues(s.name).Set(float64(s.targets() + s.earlier))
		m.skipped.WithLabelValues(s.name).Set(float64(s.skipped))
		m.held.WithLabelValues(s.name).Set(float64(s.held + s.earlier))
		m.refused.WithLabelValues(s.name).Set(float64(s.refused))
		m.absent.WithLabelValues(s.name).Set(s.notFound.total.Seconds())
	}
}
