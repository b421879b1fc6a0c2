package autoscale

import (
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/exopool/exopool/autoscale/internal/webhook"
	"github.com/exopool/exopool/internal/clock"
)

// metrics is everything the package measures.
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
	members        *prometheus.GaugeVec // likewise
	resize         prometheus.Histogram
	lastReached    prometheus.Gauge
	lastDecision   prometheus.Gauge
}

const namespace = "exopool_autoscaler"

// newMetrics registers the metrics; a nil registerer leaves them unregistered.
func newMetrics(cfg Config, demand *demand, pause *pauseState) (*metrics, error) {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help})
	}
	reading := func(name, help string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, nil)
	}
	m := &metrics{
		decisions:      counter("decisions_total", "Turns of the loop by how they ended.", "result", "reason"),
		webhooks:       counter("webhooks_total", "Webhooks received.", "direction", "outcome"),
		settled:        counter("webhooks_settled_total", "Recorded webhooks by what became of them.", "direction", "reason"),
		refused:        counter("requests_refused_total", "Requests other than webhooks without the right token.", "path", "outcome"),
		apiErrors:      counter("api_errors_total", "Failed calls of the provider's API.", "call"),
		stateErrors:    prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace, Name: "state_errors_total", Help: "Failed writes of the state directory."}),
		size:           reading("pool_size", "Members asked for, as last read."),
		members:        reading("pool_members", "Members that exist in whatever state, as last read."),
		foreignChanges: prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace, Name: "foreign_changes_total", Help: "Sizes found that this program has not set."}),
		contended:      gauge("contended", "1 while the pool is left alone because something else scales it, too."),
		lastReached:    gauge("last_contact_timestamp_seconds", "When the pool was last read from the provider's API."),
		lastDecision:   gauge("last_decision_timestamp_seconds", "When the last turn of the loop began."),
		resize: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace, Name: "resize_duration_seconds",
			Help:    "How long the provider took to resize the pool.",
			Buckets: []float64{0.1, 0.5, 1, 2.5, 5, 10, 15, 20, 30, 40, 50, 60},
		}),
	}
	m.startAtZero()
	minimum, maximum := gauge("pool_size_minimum", "Fewest members allowed."), gauge("pool_size_maximum", "Most members allowed.")
	minimum.Set(float64(cfg.Min))
	maximum.Set(float64(cfg.Max))
	interval := gauge("interval_seconds", "Time between two turns of the loop.")
	interval.Set(cfg.Interval.Seconds())

	dryRun := gauge("dry_run", "1 if the program decides but resizes nothing.")
	if cfg.DryRun {
		dryRun.Set(1)
	}
	all := append(pausing(pause, cfg.Clock),
		m.decisions, m.webhooks, m.settled, m.refused, m.apiErrors, m.stateErrors, m.size, m.members,
		m.foreignChanges, m.contended, dryRun, m.resize, m.lastReached, m.lastDecision, minimum, maximum, interval,
		pending(Up, func() Batch { up, _ := demand.pending(); return up }),
		pending(Down, func() Batch { _, down := demand.pending(); return down }),
	)
	if cfg.Registerer == nil {
		return m, nil
	}
	var errs []error
	for _, c := range all {
		errs = append(errs, cfg.Registerer.Register(c))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("register metrics: %w", err)
	}
	return m, nil
}

func pending(direction Direction, batch func() Batch) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: namespace, Name: "webhooks_pending",
		Help:        "Webhooks that wait for their turn.",
		ConstLabels: prometheus.Labels{"direction": string(direction)},
	}, func() float64 { return float64(batch().Count) })
}

// pausing shows whether an operator has paused the loop, and since when: a
// pause that was forgotten is told by its age, also after a restart.
func pausing(pause *pauseState, clock clock.Clock) []prometheus.Collector {
	show := func(name, help string, value func(Pause) float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, func() float64 {
			if p, paused := pause.current(clock.Now()); paused {
				return value(p)
			}
			return 0
		})
	}
	return []prometheus.Collector{
		show("paused", "1 while an operator has paused the loop.", func(Pause) float64 { return 1 }),
		show("pause_start_timestamp_seconds", "When the pause in force began; 0 without one.", func(p Pause) float64 { return seconds(p.Since) }),
	}
}

// startAtZero creates the series that are known beforehand: a counter that
// appears with its first increment shows no increase.
func (m *metrics) startAtZero() {
	ends := map[Result][]Reason{
		Resized: {ReasonStepUp, ReasonStepDown, ReasonBelowMinimum, ReasonAboveMaximum, ReasonConfirmed},
		Held: {
			ReasonNoDemand, ReasonAtMinimum, ReasonAtMaximum, ReasonNotRunning, ReasonStopping,
			ReasonPaused, ReasonContended, ReasonSizeChanged, ReasonExpired, ReasonConfirmed, ReasonOutcomeUnknown,
		},
		Failed: {ReasonRefused, ReasonRateLimited, ReasonPoolNotFound, ReasonTimeout, ReasonAPIError, ReasonStateError},
		DryRun: {ReasonStepUp, ReasonStepDown, ReasonBelowMinimum, ReasonAboveMaximum},
	}
	for result, reasons := range ends {
		for _, reason := range reasons {
			m.decisions.WithLabelValues(string(result), string(reason))
		}
	}
	fates := map[Direction][]Reason{
		Up:   {ReasonStepUp, ReasonAtMaximum, ReasonDryRun, ReasonExpired, ReasonConfirmed, ReasonOutcomeUnknown},
		Down: {ReasonStepDown, ReasonAtMinimum, ReasonSuperseded, ReasonDryRun, ReasonExpired, ReasonConfirmed, ReasonOutcomeUnknown},
	}
	for direction, reasons := range fates {
		for _, reason := range reasons {
			m.settled.WithLabelValues(string(direction), string(reason))
		}
		for _, o := range webhook.Outcomes() {
			m.webhooks.WithLabelValues(string(direction), string(o))
		}
	}
	for _, path := range []string{"/decisions", "/metrics", "/pause", "/resume"} {
		for _, o := range []webhook.Outcome{webhook.Refused, webhook.RateLimited} {
			m.refused.WithLabelValues(path, string(o))
		}
	}
	for _, call := range []string{callStatus, callResize} {
		m.apiErrors.WithLabelValues(call)
	}
}

func (m *metrics) read(status Status) {
	m.size.WithLabelValues().Set(float64(status.Size))
	m.members.WithLabelValues().Set(float64(status.Members))
}

func (m *metrics) decided(d Decision) {
	m.decisions.WithLabelValues(string(d.Result), string(d.Reason)).Inc()
	m.lastDecision.Set(seconds(d.Time))
}

func (m *metrics) countWebhook(direction Direction, o webhook.Outcome) {
	m.webhooks.WithLabelValues(string(direction), string(o)).Inc()
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
