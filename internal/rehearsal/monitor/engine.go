package monitor

import (
	"encoding/json"
	"fmt"
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
	// retention is far above any window; a monitor that runs for days keeps
	// its disk small.
	retention = 6 * time.Hour
	// stripes of the series table. Prometheus has 16,384, for millions of
	// series; a pool has a few hundred per member.
	stripes = 512
	// maxSamples per query, Prometheus' own bound.
	maxSamples = 50_000_000
	// queryTimeout is generous: the members of a demo use up the same CPU.
	queryTimeout = 10 * time.Second
	// lookbackWindows is how old, in windows, a sample may be to count as
	// current: Prometheus' five minutes for the usual window of one.
	lookbackWindows = 5
	// maxReload is how long new targets wait at most to be scraped, as in
	// Prometheus.
	maxReload = 5 * time.Second
)

func openDatabase(cfg Config) (*tsdb.DB, error) {
	opts := tsdb.DefaultOptions()
	opts.RetentionDuration = retention.Milliseconds()
	opts.StripeSize = stripes
	return tsdb.Open(cfg.Dir, component(cfg.Logger, "tsdb"), cfg.Registerer, opts, nil)
}

func newEngine(cfg Config) *promql.Engine {
	return promql.NewEngine(promql.EngineOpts{
		Logger:        component(cfg.Logger, "promql"),
		Reg:           cfg.Registerer,
		MaxSamples:    maxSamples,
		Timeout:       queryTimeout,
		LookbackDelta: lookbackWindows * cfg.Window,
		Parser:        parser.NewParser(parser.Options{}),
	})
}

func newScraper(cfg Config, db storage.AppendableV2) (*scrape.Manager, error) {
	opts := &scrape.Options{
		DiscoveryReloadInterval:  model.Duration(min(cfg.ScrapeInterval, maxReload)),
		DiscoveryReloadOnStartup: true,
	}
	return scrape.NewManager(opts, component(cfg.Logger, "scrape"), nil, nil, db, cfg.Registerer)
}

// scrapeConfig goes through the text form of the configuration, because only
// loading fills in the many defaults and checks the whole. JSON is YAML, and
// quotes any job name rightly.
func scrapeConfig(cfg Config) (*config.Config, error) {
	interval := model.Duration(cfg.ScrapeInterval).String()
	text, err := json.Marshal(map[string]any{
		"global":         map[string]any{"scrape_interval": interval, "scrape_timeout": interval},
		"scrape_configs": []any{map[string]any{"job_name": cfg.JobName}},
	})
	if err != nil {
		return nil, fmt.Errorf("encode scrape configuration: %w", err)
	}
	return config.Load(string(text), component(cfg.Logger, "config"))
}
