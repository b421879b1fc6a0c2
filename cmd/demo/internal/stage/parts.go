package stage

import (
	"context"
	"path/filepath"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/cmd/demo/internal/view"
	"github.com/exopool/exopool/discovery"
	"github.com/exopool/exopool/exoscale"
	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/machine"
	"github.com/exopool/exopool/internal/rehearsal/traffic"
)

func (s *Stage) newCloud(ctx context.Context) (err error) {
	s.driver, err = machine.NewProcess(ctx, machine.ProcessConfig{
		Log:   s.cfg.Log,
		Share: s.cfg.Share,
		Work:  s.cfg.Work,
		Speed: s.cfg.Speed,
		Dir:   s.dir,
	})
	if err != nil {
		return err
	}
	if s.api, err = listen(ctx, "127.0.0.1:0"); err != nil {
		return err
	}
	s.cloud, err = exoapi.New(exoapi.Config{
		Zones:       []string{zone},
		Machines:    s.driver,
		Timing:      exoapi.Timing{Speed: s.cfg.Speed},
		Quotas:      map[string]int{"instance": s.cfg.Max},
		APIEndpoint: func(string) string { return s.api.url() + "/v2" },
		Logger:      s.cfg.Log,
	})
	if err != nil {
		return err
	}
	s.api.handler = s.cloud.Handler()
	return nil
}

// client returns a client of the fake API. Each has its own, as they would as
// separate programs.
func (s *Stage) client(registerer prometheus.Registerer) (*exoscale.Client, error) {
	key, secret := s.cloud.Credential()
	return exoscale.New(exoscale.Config{
		Key: key, Secret: secret, Zone: zone,
		Endpoint:     s.api.url() + "/v2",
		PollInterval: s.times.Poll,
		Registerer:   registerer,
		Logger:       s.cfg.Log,
	})
}

func (s *Stage) newAutoscaler(ctx context.Context) error {
	registry := prometheus.NewRegistry()
	client, err := s.client(registry)
	if err != nil {
		return err
	}
	s.loop, err = autoscale.New(autoscale.Config{
		Pool: client.Pool(s.ids.pool), PoolName: poolName, Zone: zone,
		Min: s.cfg.Min, Max: s.cfg.Max,
		Interval:   s.times.Turn,
		Expiry:     s.times.Expiry,
		StateDir:   filepath.Join(s.dir, "autoscaler"),
		Logger:     s.cfg.Log,
		Registerer: registry,
	})
	if err != nil {
		return err
	}
	if s.hooks, err = listen(ctx, "127.0.0.1:0"); err != nil {
		return err
	}
	if s.cfg.Grafana == nil {
		s.hooks.handler = autoscale.NewHandler(s.loop, autoscale.HandlerConfig{Gatherer: registry})
		return nil
	}
	s.token = newToken()
	s.hooks.handler = s.overheard(autoscale.NewHandler(s.loop, autoscale.HandlerConfig{Gatherer: registry, Token: s.token}))
	return nil
}

func (s *Stage) targetsFile() string { return filepath.Join(s.dir, "targets", "config.json") }

func (s *Stage) newDiscovery(ctx context.Context) error {
	registry := prometheus.NewRegistry()
	client, err := s.client(registry)
	if err != nil {
		return err
	}
	s.agent, err = discovery.New(discovery.Config{
		Lister:        client.Lister(),
		Backends:      client.Lister(),
		MemberMetrics: true,
		Pools:         []string{s.ids.pool},
		File:          s.targetsFile(),
		Port:          s.driver.PortFor(machine.ExporterPort),
		AllowLoopback: true, // members are processes
		Zone:          zone,
		Interval:      s.times.Refresh,
		Logger:        s.cfg.Log,
		Registerer:    registry,
	})
	if err != nil {
		return err
	}
	if s.found, err = listen(ctx, "127.0.0.1:0"); err != nil {
		return err
	}
	s.found.handler = s.agent.Handler(registry)
	return nil
}

func (s *Stage) newPlayer(context.Context) (err error) {
	s.player, err = traffic.New(traffic.Config{
		URL:        s.app + "/load",
		Period:     s.cfg.Period,
		MaxClients: s.cfg.Clients,
	})
	return err
}

func (s *Stage) newPage(ctx context.Context) (err error) {
	if s.page, err = listen(ctx, s.cfg.Page); err != nil {
		return err
	}
	s.page.handler = view.NewPage(s.hub, view.Controls{
		MaxClients: s.cfg.Clients,
		SetClients: func(_ context.Context, n int) error { s.SetClients(n); return nil },
		Kill:       s.kill,
	}, s.cfg.Log)
	return nil
}
