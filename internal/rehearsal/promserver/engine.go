package promserver

import (
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/scrape"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
)

const (
	// retention is far above any window, and keeps the database small when a
	// server runs for days.
	retention = 6 * time.Hour
	// stripes of the series table. Prometheus has 16,384, for millions of
	// series; a pool has a few hundred per member.
	stripes = 512
	// maxSamples per query, Prometheus' default.
	maxSamples = 50_000_000
	// queryTimeout is generous: the members of a demo use up the same CPU.
	queryTimeout = 10 * time.Second
	// lookback is how old a sample may be to count as current, Prometheus'
	// default.
	lookback = 5 * time.Minute
	// maxReload is how long new targets wait at most to be scraped, as in
	// Prometheus.
	maxReload = 5 * time.Second
)

func openDatabase(cfg Config) (*tsdb.DB, error) {
	opts := tsdb.DefaultOptions()
	opts.RetentionDuration = retention.Milliseconds()
	opts.StripeSize = stripes
	return tsdb.Open(cfg.Dir, component(cfg.Logger, "tsdb"), cfg.Registry, opts, nil)
}

func newEngine(cfg Config) *promql.Engine {
	return promql.NewEngine(promql.EngineOpts{
		Logger:               component(cfg.Logger, "promql"),
		Reg:                  cfg.Registry,
		MaxSamples:           maxSamples,
		Timeout:              queryTimeout,
		LookbackDelta:        cfg.scaled(lookback),
		EnableAtModifier:     true,
		EnableNegativeOffset: true,
		Parser:               parser.NewParser(parser.Options{}),
	})
}

func newScraper(cfg Config, c *config.Config, db storage.AppendableV2) (*scrape.Manager, error) {
	opts := &scrape.Options{
		DiscoveryReloadInterval:  min(c.GlobalConfig.ScrapeInterval, model.Duration(maxReload)),
		DiscoveryReloadOnStartup: true,
	}
	return scrape.NewManager(opts, component(cfg.Logger, "scrape"), nil, nil, db, cfg.Registry)
}
