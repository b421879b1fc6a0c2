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

// A finder finds the targets of one job.
type finder struct {
	job string
	discovery.Discoverer
}

func newFinders(cfg Config, c *config.Config) ([]finder, error) {
	var finders []finder
	for _, job := range c.ScrapeConfigs {
		for _, sd := range job.ServiceDiscoveryConfigs {
			// The kinds that are used have no use for the common metrics.
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
			finders = append(finders, finder{job.JobName, d})
		}
	}
	return finders, nil
}

// news is what a finder has found.
type news struct {
	job    string
	groups []*targetgroup.Group
}

// follow hands every change of the targets on to sets until ctx ends. It then
// hands on an empty set, so that nothing starts scraping again, and closes
// sets.
//
// Prometheus has a discovery manager for this. It waits up to five seconds
// before it hands on a change, and leaves its goroutines behind: both are too
// much for a demo in shortened time.
func follow(ctx context.Context, finders []finder, sets chan<- targetSet) {
	defer close(sets)
	all := make(chan news)
	var finding sync.WaitGroup
	defer finding.Wait()
	for _, f := range finders {
		updates := make(chan []*targetgroup.Group)
		finding.Go(func() { f.Run(ctx, updates) })
		finding.Go(func() { forward(ctx, f.job, updates, all) })
	}
	found := map[string]map[string]*targetgroup.Group{} // by job, then by source
	for _, f := range finders {
		found[f.job] = map[string]*targetgroup.Group{}
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

// forward adds the name of the job to what was found, until ctx ends or there
// is no more to come.
func forward(ctx context.Context, job string, updates <-chan []*targetgroup.Group, all chan<- news) {
	for {
		select {
		case <-ctx.Done():
			return
		case groups, more := <-updates:
			if !more {
				return
			}
			select {
			case all <- news{job, groups}:
			case <-ctx.Done():
				return
			}
		}
	}
}

func component(logger *slog.Logger, name string) *slog.Logger {
	return logger.With("component", name)
}
