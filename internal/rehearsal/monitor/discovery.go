package monitor

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/discovery/file"
	"github.com/prometheus/prometheus/discovery/targetgroup"
)

// rereadInterval is the safety net for file events that the system lost.
const rereadInterval = 5 * time.Second

// A targetSet is what the scrape manager takes: all target groups, by job.
type targetSet = map[string][]*targetgroup.Group

func newDiscoverer(cfg Config) (discovery.Discoverer, error) {
	sd := &file.SDConfig{
		Files:           []string{cfg.TargetsFile},
		RefreshInterval: model.Duration(rereadInterval),
	}
	// File discovery has metrics of its own and no use for the common ones.
	metrics := sd.NewDiscovererMetrics(cfg.Registerer, nil)
	if err := metrics.Register(); err != nil {
		return nil, fmt.Errorf("register metrics of file discovery: %w", err)
	}
	return sd.NewDiscoverer(discovery.DiscovererOptions{Logger: component(cfg.Logger, "discovery"), Metrics: metrics})
}

// follow hands every change of the targets on to sets until ctx ends. It then
// hands on an empty set, so that nothing starts scraping again, and closes
// sets.
//
// Prometheus has a discovery manager for this. It waits up to five seconds
// before it hands on a change, and leaves its goroutines behind: both are too
// much for a demo in shortened time.
func follow(ctx context.Context, d discovery.Discoverer, job string, sets chan<- targetSet) {
	defer close(sets)
	updates := make(chan []*targetgroup.Group)
	var discovering sync.WaitGroup
	discovering.Go(func() { d.Run(ctx, updates) })
	defer discovering.Wait()

	groups := map[string]*targetgroup.Group{}
	for {
		select {
		case <-ctx.Done():
			sets <- targetSet{job: nil}
			return
		case changed := <-updates:
			for _, g := range changed {
				groups[g.Source] = g
			}
			sets <- targetSet{job: slices.Collect(maps.Values(groups))}
		}
	}
}

func component(logger *slog.Logger, name string) *slog.Logger {
	return logger.With("component", name)
}
