package promserver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/scrape"
	"github.com/prometheus/prometheus/tsdb"
)

// A Server scrapes the pool's members and evaluates alert rules on them. Its
// methods may be called from any goroutine.
type Server struct {
	cfg         Config
	config      *config.Config // of Prometheus
	ruleFiles   []string
	discoverers []discoverer
	db          *tsdb.DB
	closeOnce   func() error
	engine      *promql.Engine
	query       rules.QueryFunc
	scraper     *scrape.Manager
	ruleMetrics *rules.Metrics
	states      atomic.Pointer[map[string]string] // of the alerts, at the last evaluation
	evaluator   atomic.Pointer[rules.Manager]     // nil before Run
}

// Open opens the database in the configured directory. [Server.Run] does the
// work; [Server.Close] closes the database.
func Open(cfg Config) (*Server, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("configure prometheus: %w", err)
	}
	c, err := readConfig(cfg)
	if err != nil {
		return nil, err
	}
	names, err := ruleFiles(cfg, c)
	if err != nil {
		return nil, err
	}
	discoverers, err := newDiscoverers(cfg, c)
	if err != nil {
		return nil, err
	}
	db, err := openDatabase(cfg)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", cfg.Dir, err)
	}
	scraper, err := newScraper(cfg, c, db)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("set up scraping: %w", err), db.Close())
	}
	engine := newEngine(cfg)
	return &Server{
		cfg:         cfg,
		config:      c,
		ruleFiles:   names,
		discoverers: discoverers,
		db:          db,
		closeOnce:   sync.OnceValue(db.Close),
		engine:      engine,
		query:       rules.EngineQueryFunc(engine, db),
		scraper:     scraper,
		ruleMetrics: rules.NewGroupMetrics(cfg.Registry),
	}, nil
}

// Run scrapes and evaluates until ctx ends; that is no error. It may be called
// once. Queries work before, during and after, until [Server.Close].
func (s *Server) Run(ctx context.Context) error {
	// This looks up the name of the host, so that two Prometheus servers do not
	// scrape at the same instant. Without a working resolver it waits for the
	// resolver's timeout.
	if err := s.scraper.ApplyConfig(s.config); err != nil {
		return fmt.Errorf("start scraping: %w", err)
	}
	evaluator, err := s.newRuleManager(ctx)
	if err != nil {
		return err
	}
	s.evaluator.Store(evaluator)
	sets := make(chan targetSet)
	var scraping, running sync.WaitGroup
	var scrapeErr error
	scraping.Go(func() { scrapeErr = s.scraper.Run(sets) })
	running.Go(func() { discover(ctx, s.discoverers, sets) })
	running.Go(evaluator.Run)

	<-ctx.Done()
	evaluator.Stop()
	running.Wait()
	scraping.Wait()
	// Only after the scraper knows that there are no targets left does Stop
	// leave no loop behind.
	s.scraper.Stop()
	if scrapeErr != nil {
		return fmt.Errorf("scrape: %w", scrapeErr)
	}
	return nil
}

// Close closes the database. It may be called after [Server.Run] has returned,
// or if it was never called. Further calls do nothing.
func (s *Server) Close() error {
	if err := s.closeOnce(); err != nil {
		return fmt.Errorf("close database %s: %w", s.cfg.Dir, err)
	}
	return nil
}
