package system

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/cmd/demo/internal/view"
	"github.com/exopool/exopool/discovery"
	"github.com/exopool/exopool/exoscale"
	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/fake/machine/process"
	"github.com/exopool/exopool/internal/rehearsal/traffic"
)

func (s *System) startCloud(ctx context.Context) (err error) {
	s.cloud, err = fakecloud.Start(ctx, fakecloud.Config{
		Zones:    []string{zone},
		Quotas:   map[string]int{"instance": s.cfg.Max},
		Speed:    s.cfg.Speed,
		Removal:  s.cfg.Removal,
		Machines: fakecloud.Processes(process.Config{Share: s.cfg.Share, Work: s.cfg.Work, Dir: s.dir}),
		Logger:   s.cfg.Logger,
	})
	return err
}

// createPool creates the pool and the load balancer, as Terraform would in a
// real account.
func (s *System) createPool(ctx context.Context) (err error) {
	if s.pool, err = s.cloud.CreatePool(ctx, fakecloud.Pool{Name: poolName, Size: s.cfg.Min}); err != nil {
		return err
	}
	s.balancer, err = s.cloud.CreateBalancer(ctx, fakecloud.Service{
		Name: poolName, Pool: s.pool, Port: servicePort, TargetPort: process.LoadPort,
	})
	if err != nil {
		return err
	}
	endpoint, ok := s.cloud.Endpoint(s.balancer, servicePort)
	if !ok {
		return fmt.Errorf("the load balancer does not listen for port %d", servicePort)
	}
	s.app = "http://" + endpoint.String()
	if endpoint.Port() == servicePort {
		s.app = "http://" + endpoint.Addr().String()
	}
	s.balancerPort = int(endpoint.Port())
	return nil
}

// client returns a client of the fake API. Each part has its own, as separate
// programs would.
func (s *System) client(registerer prometheus.Registerer) (*exoscale.Client, error) {
	connection := s.cloud.Connection()
	return exoscale.New(exoscale.Config{
		Key: connection.Key, Secret: connection.Secret, Zone: zone,
		Endpoint:     connection.APIEndpoint(),
		PollInterval: s.times.Poll,
		Registerer:   registerer,
		Logger:       s.cfg.Logger,
	})
}

func (s *System) newAutoscaler(ctx context.Context) error {
	registry := prometheus.NewRegistry()
	client, err := s.client(registry)
	if err != nil {
		return err
	}
	cfg := autoscale.Config{
		Pool: client.Pool(s.pool), PoolName: poolName, Zone: zone,
		Min: s.cfg.Min, Max: s.cfg.Max,
		Interval:   s.times.Turn,
		Expiry:     s.times.Expiry,
		StateDir:   filepath.Join(s.dir, "autoscaler"),
		Logger:     s.cfg.Logger,
		Registerer: registry,
	}
	if s.cfg.Policy != nil {
		cfg.Policy, cfg.Guards = s.cfg.Policy, s.times.guards(s.cfg.Guards)
		cfg.Meter, cfg.CPUObjective = meter{s}, cpuObjective
	}
	if s.loop, err = autoscale.New(cfg); err != nil {
		return err
	}
	if s.webhooks, err = listen(ctx, "127.0.0.1:0"); err != nil {
		return err
	}
	if s.cfg.Grafana == nil {
		s.webhooks.handler = autoscale.NewHandler(s.loop, autoscale.HandlerConfig{Gatherer: registry})
		return nil
	}
	s.token = newToken()
	s.webhooks.handler = s.countWebhooks(autoscale.NewHandler(s.loop, autoscale.HandlerConfig{Gatherer: registry, Token: s.token}))
	return nil
}

// cpuObjective is the CPU use in percent that a policy keeps members at, which is
// the upper limit of the alerts.
const cpuObjective = 80

// A meter knows how busy members are from the demo's own Prometheus.
type meter struct{ system *System }

// Busy implements [autoscale.Meter].
func (m meter) Busy(ctx context.Context) (map[netip.Addr]float64, error) {
	if m.system.monitor == nil {
		return nil, errors.New("Prometheus does not run yet") //nolint:staticcheck // a name
	}
	use, err := m.system.monitor.Members(ctx)
	if err != nil {
		return nil, err
	}
	busy := make(map[netip.Addr]float64, len(use))
	for instance, percent := range use {
		address, err := netip.ParseAddrPort(instance)
		if err != nil {
			return nil, fmt.Errorf("read the address of a member: %w", err)
		}
		busy[address.Addr()] = percent
	}
	return busy, nil
}

func (s *System) targetsFile() string { return filepath.Join(s.dir, "targets", "config.json") }

func (s *System) newDiscovery(ctx context.Context) error {
	registry := prometheus.NewRegistry()
	client, err := s.client(registry)
	if err != nil {
		return err
	}
	s.agent, err = discovery.New(discovery.Config{
		Lister:        client.Lister(),
		Backends:      client.Lister(),
		MemberMetrics: true,
		Pools:         []string{s.pool},
		File:          s.targetsFile(),
		Port:          s.cloud.PortFor(process.ExporterPort),
		AllowLoopback: true, // members are processes
		Zone:          zone,
		Interval:      s.times.Refresh,
		Logger:        s.cfg.Logger,
		Registerer:    registry,
	})
	if err != nil {
		return err
	}
	if s.discovery, err = listen(ctx, "127.0.0.1:0"); err != nil {
		return err
	}
	s.discovery.handler = s.agent.Handler(registry)
	return nil
}

func (s *System) newTraffic(context.Context) (err error) {
	s.traffic, err = traffic.New(traffic.Config{
		URL:        s.app + "/load",
		Period:     s.cfg.Period,
		MaxClients: s.cfg.Clients,
	})
	return err
}

func (s *System) newPage(ctx context.Context) (err error) {
	if s.page, err = listen(ctx, s.cfg.Page); err != nil {
		return err
	}
	s.page.handler = view.NewPage(s.hub, view.Controls{
		MaxClients: s.cfg.Clients,
		SetClients: func(_ context.Context, n int) error { s.ChangeLoad(func(int) int { return n }); return nil },
		Kill:       s.deleteMember,
	}, s.cfg.Logger)
	return nil
}
