package promserver

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/discovery/targetgroup"
)

// A targetSet is what the scrape manager takes: all target groups, by job.
type targetSet = map[string][]*targetgroup.Group

// A discoverer discovers the targets of one job.
type discoverer struct {
	job string
	discovery.Discoverer
}

func newDiscoverers(cfg Config, c *config.Config) ([]discoverer, error) {
	var discoverers []discoverer
	for _, job := range c.ScrapeConfigs {
		for _, sd := range job.ServiceDiscoveryConfigs {
			// The kinds in use ignore the common metrics.
			metrics := sd.NewDiscovererMetrics(cfg.Registry, nil)
			if err := metrics.Register(); err != nil {
				return nil, fmt.Errorf("register the metrics of %s discovery: %w", sd.Name(), err)
			}
			d, err := sd.NewDiscoverer(discovery.DiscovererOptions{
				Logger: component(cfg.Logger, "discovery"), Metrics: metrics,
			})
			if err != nil {
				return nil, fmt.Errorf("set up discovery for job %s: %w", job.JobName, err)
			}
			discoverers = append(discoverers, discoverer{job.JobName, d})
		}
	}
	return discoverers, nil
}

// An update has changed target groups of a job.
type update struct {
	job    string
	groups []*targetgroup.Group
}

// discover sends all targets to sets at every change, until ctx ends. It then
// sends an empty set, so that nothing starts scraping again, and closes sets.
//
// Prometheus has a discovery manager for this. It delays a change by up to five
// seconds, too long for a demo in shortened time, and leaks its goroutines.
func discover(ctx context.Context, discoverers []discoverer, sets chan<- targetSet) {
	defer close(sets)
	all := make(chan update)
	var running sync.WaitGroup
	defer running.Wait()
	for _, d := range discoverers {
		updates := make(chan []*targetgroup.Group)
		running.Go(func() { d.Run(ctx, updates) })
		running.Go(func() { forward(ctx, d.job, updates, all) })
	}
	found := map[string]map[string]*targetgroup.Group{} // by job, then by source
	for _, d := range discoverers {
		found[d.job] = map[string]*targetgroup.Group{}
	}
	for {
		select {
		case <-ctx.Done():
			nothing := targetSet{}
			for job := range found {
				nothing[job] = nil
			}
			sets <- nothing
			return
		case changed := <-all:
			for _, g := range changed.groups {
				found[changed.job][g.Source] = g
			}
			set := targetSet{}
			for job, groups := range found {
				set[job] = slices.Collect(maps.Values(groups))
			}
			sets <- set
		}
	}
}

// forward adds the name of the job to updates, until ctx ends or there are no
// more.
func forward(ctx context.Context, job string, updates <-chan []*targetgroup.Group, all chan<- update) {
	for {
		select {
		case <-ctx.Done():
			return
		case groups, more := <-updates:
			if !more {
				return
			}
			select {
			case all <- update{job, groups}:
			case <-ctx.Done():
				return
			}
		}
	}
}

func component(logger *slog.Logger, name string) *slog.Logger {
	return logger.With("component", name)
}
