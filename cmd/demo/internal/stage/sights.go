package stage

import (
	"net/netip"
	"time"

	"github.com/exopool/exopool/cmd/demo/internal/view"
	"github.com/exopool/exopool/fake/infra"
	"github.com/exopool/exopool/fake/machine"
)

// memberList tells how the pool's members stand.
func (o *observer) memberList(now time.Time, health map[string]infra.Health, cpu map[string]float64) []view.Member {
	exporter := uint16(o.stage.driver.PortFor(machine.ExporterPort)) //nolint:gosec // a port fits
	var members []view.Member
	for _, i := range o.stage.cloud.Instances() {
		if i.PoolID != o.stage.ids.pool {
			continue
		}
		known := o.meet(i.Name, now)
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

// memberState puts what the provider and the health check say into one word. A
// member that has not answered yet is booting; one that did before is ill.
func memberState(instance string, health infra.Health, wasHealthy bool) view.MemberState {
	switch {
	case instance == "starting":
		return view.MemberStarting
	case instance != "running":
		return view.MemberLeaving
	case health == infra.HealthSuccess:
		return view.MemberHealthy
	case wasHealthy:
		return view.MemberUnhealthy
	default:
		return view.MemberBooting
	}
}

// health returns what the load balancer says of members, by id.
func (s *Stage) health() map[string]infra.Health {
	for _, b := range s.cloud.Balancers() {
		if b.ID == s.ids.balancer && len(b.Services) > 0 {
			return b.Services[0].Health
		}
	}
	return nil
}

// wanted is the size that was asked for.
func (s *Stage) wanted() int {
	for _, p := range s.cloud.Pools() {
		if p.ID == s.ids.pool {
			return p.Size
		}
	}
	return 0
}

func (s *Stage) settings() view.Settings {
	return view.Settings{
		HighThreshold: s.limits.high,
		LowThreshold:  s.limits.low,
		Interval:      s.times.Turn.Seconds(),
		Min:           s.cfg.Min,
		Max:           s.cfg.Max,
		Alerting:      s.alerting.name(),
		BootAware:     s.times.Young.Seconds(),
	}
}

func (s *Stage) addresses() view.Addresses {
	a := view.Addresses{App: s.app, Page: s.page.url() + "/", Metrics: s.hooks.url() + "/metrics"}
	if g, ok := s.alerting.(*realGrafana); ok {
		a.Grafana = g.server.URL() + "/"
	}
	return a
}
