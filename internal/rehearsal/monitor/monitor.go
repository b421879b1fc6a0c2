package monitor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/scrape"
	"github.com/prometheus/prometheus/tsdb"
)

// A Monitor scrapes the pool's members and evaluates alert rules on them. Its
// methods may be called from any goroutine.
type Monitor struct {
	cfg         Config
	scrapeCfg   *config.Config
	discoverer  discovery.Discoverer
	db          *tsdb.DB
	closeOnce   func() error
	query       rules.QueryFunc
	scraper     *scrape.Manager
	ruleMetrics *rules.Metrics
	states      atomic.Pointer[map[string]string] // of the alerts, at the last evaluation
}

// New opens the database in the configured directory. [Monitor.Run] does the
// work; [Monitor.Close] lets go of the database.
func New(cfg Config) (*Monitor, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("configure the monitor: %w", err)
	}
	scrapeCfg, err := scrapeConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("configure scraping of job %s: %w", cfg.JobName, err)
	}
	discoverer, err := newDiscoverer(cfg)
	if err != nil {
		return nil, fmt.Errorf("set up discovery from %s: %w", cfg.TargetsFile, err)
	}
	db, err := openDatabase(cfg)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", cfg.Dir, err)
	}
	scraper, err := newScraper(cfg, db)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("set up scraping: %w", err), db.Close())
	}
	return &Monitor{
		cfg:         cfg,
		scrapeCfg:   scrapeCfg,
		discoverer:  discoverer,
		db:          db,
		closeOnce:   sync.OnceValue(db.Close),
		query:       rules.EngineQueryFunc(newEngine(cfg), db),
		scraper:     scraper,
		ruleMetrics: rules.NewGroupMetrics(cfg.Registerer),
	}, nil
}

// Run scrapes and evaluates until ctx ends; that is no error. It may be called
// once. Queries work before, during and after, until [Monitor.Close].
func (m *Monitor) Run(ctx context.Context) error {
	// This looks up the computer's own name, so that two Prometheus servers
	// do not scrape at the same instant. Without a working resolver it waits
	// for the resolver's timeout.
	if err := m.scraper.ApplyConfig(m.scrapeCfg); err != nil {
		return fmt.Errorf("start scraping: %w", err)
	}
	evaluator, err := m.newRuleManager(ctx)
	if err != nil {
		return err
	}
	sets := make(chan targetSet)
	var scraping, running sync.WaitGroup
	var scrapeErr error
	scraping.Go(func() { scrapeErr = m.scraper.Run(sets) })
	running.Go(func() { follow(ctx, m.discoverer, m.cfg.JobName, sets) })
	running.Go(evaluator.Run)

	<-ctx.Done()
	evaluator.Stop()
	running.Wait()
	scraping.Wait()
	// Only now, when the scraper knows that there are no targets left, does
	// stopping leave no loop behind.
	m.scraper.Stop()
	if scrapeErr != nil {
		return fmt.Errorf("scrape job %s: %w", m.cfg.JobName, scrapeErr)
	}
	return nil
}

// Close lets go of the database once [Monitor.Run] has returned or was never
// called. Further calls do nothing.
func (m *Monitor) Close() error {
	if err := m.closeOnce(); err != nil {
		return fmt.Errorf("close database %s: %w", m.cfg.Dir, err)
	}
	return nil
}
