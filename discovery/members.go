package discovery

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// healthy is what a health check says of a member that it is content with.
const healthy = "success"

// A verdict is what load balancers think of a member.
type verdict int8

const (
	unknown verdict = iota // nobody can tell: no service is in front, or none was asked yet
	fit                    // all services in front of the pool say so
	unfit                  // one of them does not, or has not checked it yet
)

// A memberState is what the metrics say of one target.
type memberState struct {
	pool     string // as the configuration names it
	instance string // ip:port, as Prometheus names the target
	id       string
	created  time.Time
	health   verdict
}

// memberMetrics tells of each member that is a target how old it is and
// whether it is healthy behind the load balancer. All series change at one
// instant, so that no scrape sees a member without its health.
type memberMetrics struct {
	health      *prometheus.Desc
	created     *prometheus.Desc
	healthKnown *prometheus.Desc

	members     atomic.Pointer[[]memberState]
	lastSuccess atomic.Pointer[time.Time] // of asking for the health
}

func newMemberMetrics() *memberMetrics {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(prometheus.BuildFQName("exopool", "discovery", name), help, labels, nil)
	}
	return &memberMetrics{
		health: desc("member_healthy",
			"1 when all load balancer services in front of the pool call the member healthy, otherwise 0; as last known.",
			"pool", "instance", "id"),
		created: desc("member_created_timestamp_seconds",
			"Time when the member was created, as Unix time.",
			"pool", "instance", "id"),
		healthKnown: desc("health_last_success_timestamp_seconds",
			"Time when load balancers were last asked for the health of members with success, as Unix time."),
	}
}

// Describe implements [prometheus.Collector].
func (m *memberMetrics) Describe(descs chan<- *prometheus.Desc) {
	descs <- m.health
	descs <- m.created
	descs <- m.healthKnown
}

// Collect implements [prometheus.Collector]. What is not known has no series.
func (m *memberMetrics) Collect(samples chan<- prometheus.Metric) {
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		samples <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	if at := m.lastSuccess.Load(); at != nil {
		gauge(m.healthKnown, unixSeconds(*at))
	}
	for _, member := range m.current() {
		if !member.created.IsZero() {
			gauge(m.created, unixSeconds(member.created), member.pool, member.instance, member.id)
		}
		switch member.health {
		case fit:
			gauge(m.health, 1, member.pool, member.instance, member.id)
		case unfit:
			gauge(m.health, 0, member.pool, member.instance, member.id)
		case unknown:
		}
	}
}

func (m *memberMetrics) current() []memberState {
	if members := m.members.Load(); members != nil {
		return *members
	}
	return nil
}

// show replaces all series. Without known health, members keep what was known
// of them.
func (m *memberMetrics) show(targets []target, backends []Backend, known bool) {
	before := make(map[string]verdict)
	for _, member := range m.current() {
		before[member.id+" "+member.instance] = member.health
	}
	states := make([]memberState, 0, len(targets))
	for _, t := range targets {
		if t.member.Instance == nil {
			continue // known from the file alone
		}
		state := memberState{
			pool:     t.pool,
			instance: t.at.String(),
			id:       strings.ToValidUTF8(t.member.ID, "\uFFFD"),
			created:  t.member.Created,
		}
		if known {
			state.health = judge(t.member, backends)
		} else {
			state.health = before[state.id+" "+state.instance]
		}
		states = append(states, state)
	}
	m.members.Store(&states)
}

// judge returns the worst verdict of the services in front of the member's
// pool. One that has not checked the member yet sends it no requests, either.
func judge(member member, backends []Backend) verdict {
	result := unknown
	for _, b := range backends {
		if b.PoolID != member.PoolID {
			continue
		}
		if b.Health[member.addr] != healthy {
			return unfit
		}
		result = fit
	}
	return result
}

// showMembers brings the metrics of members up to date, which may cost a call.
// Targets do not depend on it: when it fails they are published already, and
// of each member the last known health stays.
func (a *Agent) showMembers(ctx context.Context, seen sighting, targets []target) {
	if a.members == nil {
		return
	}
	if a.conf.Backends == nil {
		a.members.show(targets, nil, true)
		return
	}
	if a.conf.Labels { // the survey has asked already
		a.healthKnown(targets, seen.backends)
		return
	}
	backends, err := a.conf.Backends.Backends(ctx)
	if err == nil {
		a.healthKnown(targets, backends)
		return
	}
	a.members.show(targets, nil, false)
	if ctx.Err() != nil && !errors.Is(context.Cause(ctx), errTimeout) {
		return // told to stop, which is no failure
	}
	if a.healthFailed == 0 {
		a.conf.Logger.Warn("load balancers cannot be asked, of each member the last known health stays", slog.Any("err", err))
	}
	a.healthFailed++
}

func (a *Agent) healthKnown(targets []target, backends []Backend) {
	a.members.show(targets, backends, true)
	now := a.conf.Clock.Now()
	a.members.lastSuccess.Store(&now)
	if a.healthFailed > 0 {
		a.conf.Logger.Info("load balancers can be asked again", slog.Int("failed", a.healthFailed))
		a.healthFailed = 0
	}
}

// unixSeconds keeps the milliseconds, which is as exact as Prometheus is.
func unixSeconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
