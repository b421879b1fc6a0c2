package system

import (
	"net/netip"
	"time"

	"github.com/exopool/exopool/cmd/demo/internal/view"
	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/machine/process"
)

// memberList returns the state of the pool's members.
func (o *observer) memberList(now time.Time, health map[string]driverapi.Health, cpu map[string]float64) []view.Member {
	exporter := uint16(o.system.cloud.PortFor(process.ExporterPort)) //nolint:gosec // a port fits
	var members []view.Member
	for _, i := range o.system.cloud.API().Instances() {
		if i.PoolID != o.system.pool {
			continue
		}
		known := o.member(i.Name, now)
		m := view.Member{
			Name:    i.Name,
			Address: i.Address.String(),
			State:   memberState(i.State, health[i.ID], known.healthy),
			Age:     now.Sub(known.since).Seconds(),
		}
		m.Serving = m.State == view.MemberHealthy
		if percent, ok := cpu[netip.AddrPortFrom(i.Address, exporter).String()]; ok {
			m.CPU = &percent
		}
		members = append(members, m)
	}
	return members
}

// memberState sums up what the provider and the health check say. A member that
// fails the check is booting until it has passed one, and unhealthy after that.
func memberState(instance string, health driverapi.Health, wasHealthy bool) view.MemberState {
	switch {
	case instance == "starting":
		return view.MemberStarting
	case instance != "running":
		return view.MemberLeaving
	case health == driverapi.HealthSuccess:
		return view.MemberHealthy
	case wasHealthy:
		return view.MemberUnhealthy
	default:
		return view.MemberBooting
	}
}

// health returns what the load balancer's check says of members, by id.
func (s *System) health() map[string]driverapi.Health {
	for _, b := range s.cloud.API().Balancers() {
		if b.ID == s.balancer && len(b.Services) > 0 {
			return b.Services[0].Health
		}
	}
	return nil
}

// wanted returns the size that was asked for.
func (s *System) wanted() int {
	for _, p := range s.cloud.API().Pools() {
		if p.ID == s.pool {
			return p.Size
		}
	}
	return 0
}

func (s *System) settings() view.Settings {
	policy := ""
	if s.cfg.Policy != nil {
		policy = s.cfg.Policy.Name()
	}
	return view.Settings{
		Interactive:   s.interactive(),
		Policy:        policy,
		HighThreshold: s.limits.high,
		LowThreshold:  s.limits.low,
		Interval:      s.times.Turn.Seconds(),
		Min:           s.cfg.Min,
		Max:           s.cfg.Max,
		Alerting:      s.alerting.name(),
		BootAware:     s.times.MinAge.Seconds(),
	}
}

func (s *System) addresses() view.Addresses {
	a := view.Addresses{App: s.app, Page: s.page.url() + "/", Metrics: s.webhooks.url() + "/metrics"}
	if g, ok := s.alerting.(*realGrafana); ok {
		a.Grafana = g.server.URL() + "/"
	}
	return a
}
