package autoscale

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/exopool/exopool/autoscale/internal/webhook"
)

const namespace = "exopool_autoscaler"

// metrics are the metrics that the package changes.
type metrics struct {
	decisions      *prometheus.CounterVec
	webhooks       *prometheus.CounterVec
	settled        *prometheus.CounterVec
	refused        *prometheus.CounterVec
	apiErrors      *prometheus.CounterVec
	stateErrors    prometheus.Counter
	foreignChanges prometheus.Counter
	contended      prometheus.Gauge
	size           *prometheus.GaugeVec // without labels: absent until the first reading
	members        *prometheus.GaugeVec // without labels: absent until the first reading
	conditions     *prometheus.GaugeVec // absent until the first reading
	outdated       *prometheus.GaugeVec // without labels: absent until the first reading
	measured       *prometheus.GaugeVec // without labels: absent without a meter
	evictions      *prometheus.CounterVec
	rollingRunning prometheus.Gauge
	rollingHalted  prometheus.Gauge
	fuseBlown      prometheus.Gauge
	budget         budgetMetrics
	lowerBound     prometheus.Gauge
	upperBound     prometheus.Gauge
	policy         policyMetrics
	resize         prometheus.Histogram
	lastReached    prometheus.Gauge
	lastDecision   prometheus.Gauge
}

// newMetrics registers all metrics; a nil registerer leaves them unregistered.
func newMetrics(cfg Config, demand *demand, pause *pauseState) (*metrics, error) {
	m := &metrics{
		decisions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "decisions_total", Help: "Turns of the loop by how they ended.",
		}, []string{"result", "reason"}),
		webhooks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "webhooks_total", Help: "Webhooks received.",
		}, []string{"direction", "outcome"}),
		settled: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "webhooks_settled_total", Help: "Recorded webhooks by what became of them.",
		}, []string{"direction", "reason"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "requests_refused_total", Help: "Requests other than webhooks without the right token.",
		}, []string{"path", "outcome"}),
		apiErrors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "api_errors_total", Help: "Failed calls of the provider's API.",
		}, []string{"call"}),
		stateErrors: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: namespace, Name: "state_errors_total", Help: "Failed writes of the state directory.",
		}),
		foreignChanges: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: namespace, Name: "foreign_changes_total", Help: "Sizes read that this program has not set.",
		}),
		contended: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Name: "contended", Help: "1 while the pool is not resized because something else scales it, too.",
		}),
		size: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: namespace, Name: "pool_size", Help: "Members asked for, as last read.",
		}, nil),
		members: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: namespace, Name: "pool_members", Help: "Members that exist in any state, as last read.",
		}, nil),
		conditions: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: namespace, Name: "pool_members_by_condition", Help: "Members by what they are worth to the pool, as last read.",
		}, []string{"condition"}),
		outdated: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: namespace, Name: "pool_members_outdated", Help: "Members made with another template, type, disk size or user-data than the pool has now, as last read.",
		}, nil),
		measured: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: namespace, Name: "pool_members_measured", Help: "Members of which it is known how busy they are, as last read.",
		}, nil),
		evictions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "evictions_total", Help: "Members evicted, by why it was these.",
		}, []string{"why"}),
		rollingRunning: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Name: "rolling_change_running", Help: "1 while outdated members are being replaced.",
		}),
		rollingHalted: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Name: "rolling_change_halted", Help: "1 while a rolling change is halted, because a new member did not serve.",
		}),
		fuseBlown: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Name: "fuse_blown", Help: "1 while the pool does not grow because new members do not become healthy.",
		}),
		budget: newBudgetMetrics(),
		lowerBound: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Name: "pool_size_lower_bound", Help: "Minimum size in force, by the schedule.",
		}),
		upperBound: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Name: "pool_size_upper_bound", Help: "Maximum size in force, by the schedule and the budget.",
		}),
		policy: newPolicyMetrics(),
		resize: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace, Name: "resize_duration_seconds", Help: "How long the provider took to resize the pool.",
			Buckets: []float64{0.1, 0.5, 1, 2.5, 5, 10, 15, 20, 30, 40, 50, 60},
		}),
		lastReached: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Name: "last_contact_timestamp_seconds", Help: "When the pool was last read from the provider's API.",
		}),
		lastDecision: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Name: "last_decision_timestamp_seconds", Help: "When the last turn of the loop began.",
		}),
	}
	m.startAtZero()
	m.setBounds(cfg.Min, cfg.Max)
	if cfg.Registerer == nil {
		return m, nil
	}
	collectors := slices.Concat(settings(cfg), pausing(cfg, pause), m.budget.collectors(), m.policy.collectors(), []prometheus.Collector{
		m.decisions, m.webhooks, m.settled, m.refused, m.apiErrors, m.stateErrors, m.foreignChanges, m.contended,
		m.size, m.members, m.conditions, m.outdated, m.measured, m.evictions, m.rollingRunning,
		m.rollingHalted, m.fuseBlown, m.lowerBound, m.upperBound, m.resize, m.lastReached, m.lastDecision,
		pending(Up, func() Batch { up, _ := demand.pending(); return up }),
		pending(Down, func() Batch { _, down := demand.pending(); return down }),
	})
	var errs []error
	for _, c := range collectors {
		errs = append(errs, cfg.Registerer.Register(c))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("register metrics: %w", err)
	}
	return m, nil
}

// pending returns the number of pending webhooks of a direction.
func pending(direction Direction, batch func() Batch) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: namespace, Name: "webhooks_pending", Help: "Pending webhooks.",
		ConstLabels: prometheus.Labels{"direction": string(direction)},
	}, func() float64 { return float64(batch().Count) })
}

// settings returns the settings that rules and dashboards need.
func settings(cfg Config) []prometheus.Collector {
	minimum := prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: "pool_size_minimum", Help: "Minimum size of the pool."})
	minimum.Set(float64(cfg.Min))
	maximum := prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: "pool_size_maximum", Help: "Maximum size of the pool."})
	maximum.Set(float64(cfg.Max))
	interval := prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: "interval_seconds", Help: "Time between two turns of the loop."})
	interval.Set(cfg.Interval.Seconds())
	dryRun := prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: "dry_run", Help: "1 if the program decides but resizes nothing."})
	if cfg.DryRun {
		dryRun.Set(1)
	}
	return []prometheus.Collector{minimum, maximum, interval, dryRun}
}

// pausing returns whether an operator has paused the loop, and since when: a
// forgotten pause is noticed by its age, also after a restart.
func pausing(cfg Config, pause *pauseState) []prometheus.Collector {
	return []prometheus.Collector{
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Namespace: namespace, Name: "paused", Help: "1 while an operator has paused the loop.",
		}, func() float64 {
			if _, paused := pause.current(cfg.Clock.Now()); paused {
				return 1
			}
			return 0
		}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Namespace: namespace, Name: "pause_start_timestamp_seconds", Help: "When the pause in force began; 0 without one.",
		}, func() float64 {
			if p, paused := pause.current(cfg.Clock.Now()); paused {
				return seconds(p.Since)
			}
			return 0
		}),
	}
}

// startAtZero creates all series beforehand: a counter that appears with its
// first increment shows no increase.
func (m *metrics) startAtZero() {
	for _, use := range reasonUses() {
		for _, result := range use.results {
			m.decisions.WithLabelValues(string(result), string(use.reason))
		}
		for _, direction := range use.settles {
			m.settled.WithLabelValues(string(direction), string(use.reason))
		}
	}
	for _, outcome := range webhook.Outcomes() {
		for _, direction := range []Direction{Up, Down} {
			m.webhooks.WithLabelValues(string(direction), string(outcome))
		}
	}
	for _, path := range []string{"/", "/decisions", "/metrics", "/pause", "/resume"} {
		for _, outcome := range []webhook.Outcome{webhook.Refused, webhook.RateLimited} {
			m.refused.WithLabelValues(path, string(outcome))
		}
	}
	for _, call := range []string{callStatus, callResize, callEvict} {
		m.apiErrors.WithLabelValues(call)
	}
	for _, why := range []string{string(failed), string(unhealthy), string(unknown), outdated, string(NewestFirst), string(OldestFirst), string(LeastBusyFirst)} {
		m.evictions.WithLabelValues(why)
	}
}

// setStatus takes a reading of the pool.
func (m *metrics) setStatus(status Status, conditions Conditions, fuseBlown bool) {
	m.size.WithLabelValues().Set(float64(status.Size))
	m.members.WithLabelValues().Set(float64(len(status.Members)))
	m.outdated.WithLabelValues().Set(float64(countOutdated(status.Members)))
	for condition, count := range map[condition]int{
		serving: conditions.Serving, starting: conditions.Starting, unhealthy: conditions.Unhealthy,
		failed: conditions.Failed, draining: conditions.Draining, leaving: conditions.Leaving, unknown: conditions.Unknown,
	} {
		m.conditions.WithLabelValues(string(condition)).Set(float64(count))
	}
	m.fuseBlown.Set(map[bool]float64{true: 1}[fuseBlown])
}

// setBounds takes the bounds of the size that are in force.
func (m *metrics) setBounds(lower, upper int) {
	m.lowerBound.Set(float64(lower))
	m.upperBound.Set(float64(upper))
}

// setRolling takes where a rolling change stands.
func (m *metrics) setRolling(state RollingState) {
	m.rollingRunning.Set(map[RollingState]float64{RollingRunning: 1}[state])
	m.rollingHalted.Set(map[RollingState]float64{RollingHalted: 1}[state])
}

// countEvictions takes the members that were evicted.
func (m *metrics) countEvictions(victims []Victim) {
	for _, v := range victims {
		m.evictions.WithLabelValues(v.Why).Inc()
	}
}

// countDecision takes the record of a turn.
func (m *metrics) countDecision(d Decision) {
	m.decisions.WithLabelValues(string(d.Result), string(d.Reason)).Inc()
	m.lastDecision.Set(seconds(d.Time))
}

// countWebhook takes what became of a webhook.
func (m *metrics) countWebhook(direction Direction, outcome webhook.Outcome) {
	m.webhooks.WithLabelValues(string(direction), string(outcome)).Inc()
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
