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

// A memberHealth is what load balancers say about a member.
type memberHealth int8

const (
	healthUnknown memberHealth = iota // no service is in front of it, or none was read yet
	healthy                           // all services in front of the pool say so
	unhealthy                         // one of them does not, or has not checked it yet
)

// A memberState is what the metrics say about one target.
type memberState struct {
	pool     string // as the configuration names it
	instance string // ip:port, as Prometheus names the target
	id       string
	created  time.Time
	health   memberHealth
}

// memberMetrics has the age of each member that is a target, and whether it is
// healthy behind the load balancer. All series change at once, so that no scrape
// sees a member without its health.
type memberMetrics struct {
	health      *prometheus.Desc
	created     *prometheus.Desc
	healthKnown *prometheus.Desc

	members     atomic.Pointer[[]memberState]
	lastSuccess atomic.Pointer[time.Time] // of reading the health
}

func newMemberMetrics() *memberMetrics {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(prometheus.BuildFQName(namespace, "", name), help, labels, nil)
	}
	return &memberMetrics{
		health: desc("member_healthy",
			"1 if all load balancer services in front of the pool report the member healthy, otherwise 0; as last known.",
			"pool", "instance", "id"),
		created: desc("member_created_timestamp_seconds",
			"Time when the member was created, as Unix time.",
			"pool", "instance", "id"),
		healthKnown: desc("health_last_success_timestamp_seconds",
			"Time when the health of members was last read from load balancers, as Unix time."),
	}
}

// Describe implements [prometheus.Collector].
func (m *memberMetrics) Describe(descs chan<- *prometheus.Desc) {
	descs <- m.health
	descs <- m.created
	descs <- m.healthKnown
}

// Collect implements [prometheus.Collector]. Unknown values have no series.
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
		case healthy:
			gauge(m.health, 1, member.pool, member.instance, member.id)
		case unhealthy:
			gauge(m.health, 0, member.pool, member.instance, member.id)
		case healthUnknown:
		}
	}
}

func (m *memberMetrics) current() []memberState {
	if members := m.members.Load(); members != nil {
		return *members
	}
	return nil
}

// update replaces all series. If the health is not known, members keep the last
// known one.
func (m *memberMetrics) update(targets []target, backends []Backend, known bool) {
	before := make(map[string]memberHealth)
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
			state.health = worstHealth(t.member, backends)
		} else {
			state.health = before[state.id+" "+state.instance]
		}
		states = append(states, state)
	}
	m.members.Store(&states)
}

// worstHealth returns the worst health that the services in front of the
// member's pool report. One that has not checked the member yet sends it no
// requests, either.
func worstHealth(member member, backends []Backend) memberHealth {
	result := healthUnknown
	for _, b := range backends {
		if b.PoolID != member.PoolID {
			continue
		}
		if !b.Health[member.addr].OK {
			return unhealthy
		}
		result = healthy
	}
	return result
}

// updateMemberMetrics updates the metrics of members, which may take a call.
// Targets do not depend on it: they are published already. If the call fails,
// members keep their last known health.
func (a *Agent) updateMemberMetrics(ctx context.Context, seen snapshot, targets []target) {
	if a.members == nil {
		return
	}
	if a.cfg.Backends == nil {
		a.members.update(targets, nil, true)
		return
	}
	if a.cfg.Labels { // already read for the labels
		a.updateHealth(targets, seen.backends)
		return
	}
	backends, err := a.cfg.Backends.Backends(ctx)
	if err == nil {
		a.updateHealth(targets, backends)
		return
	}
	a.members.update(targets, nil, false)
	if ctx.Err() != nil && !errors.Is(context.Cause(ctx), errTimeout) {
		return // interrupted, not failed
	}
	if a.healthFailed == 0 {
		a.cfg.Logger.Warn("load balancers cannot be read, members keep their last known health", slog.Any("err", err))
	}
	a.healthFailed++
}

func (a *Agent) updateHealth(targets []target, backends []Backend) {
	a.members.update(targets, backends, true)
	now := a.cfg.Clock.Now()
	a.members.lastSuccess.Store(&now)
	if a.healthFailed > 0 {
		a.cfg.Logger.Info("load balancers can be read again", slog.Int("failed", a.healthFailed))
		a.healthFailed = 0
	}
}

// unixSeconds keeps milliseconds, the precision of Prometheus.
func unixSeconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
