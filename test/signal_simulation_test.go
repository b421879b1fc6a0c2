package test_test

import (
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/terraform/files"
)

// Spans of the installed system, in seconds.
const (
	scrapeEvery   = 5
	evaluateEvery = 10 // alerts, and the grid of webhooks
	pendingFor    = 60
	repeatEvery   = 50 // what a repeat interval of 45 s comes to on that grid
	turnEvery     = 60
	discoverEvery = 10
	checkEvery    = 10 // health of members, by the load balancer
	largestPool   = 5
	worldStep     = 1 // of the simulation
)

// A boot is how a new machine comes up: seconds from the API call on.
type boot struct {
	name     string
	exporter float64 // answers from then on
	ready    float64 // the application answers from then on
	busy     float64 // share of the CPU in use until then
}

// A simMember is a machine of the simulated pool.
type simMember struct {
	instance     string
	created      float64
	healthy      bool
	used, unused float64 // seconds of CPU time
}

// A signalWorld is a pool under load in simulated time. Prometheus' engine
// evaluates the installed rules; Grafana's alerts, the webhooks' rhythm and the
// turns of the autoscaler are played by their rules.
type signalWorld struct {
	t       *testing.T
	boot    boot
	load    func(now float64) float64 // in CPUs
	now     float64
	made    int
	members []*simMember

	db      *tsdb.DB
	engine  *promql.Engine
	groups  []*rules.Group
	exposed map[string]labels.Labels // series of members in the last scrape, by name and instance

	pending  map[string]float64 // since when, by direction
	lastSent map[string]float64
	demand   map[string]bool
	peak     int // the largest size
}

// newSignalWorld has one settled member, and evaluates this signal beside the
// installed limits.
func newSignalWorld(t *testing.T, b boot, load func(float64) float64, by signal) *signalWorld {
	t.Helper()
	w := &signalWorld{
		t: t, boot: b, load: load,
		exposed: map[string]labels.Labels{},
		pending: map[string]float64{}, lastSent: map[string]float64{}, demand: map[string]bool{},
	}
	dir := t.TempDir()
	var names []string
	for name, text := range map[string]string{"counting.yml": by.counting, "limits.yml": installed(t, "limits.yml"), "signal.yml": by.rules} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		names = append(names, path)
	}
	var err error
	opts := tsdb.DefaultOptions()
	opts.StripeSize = 64
	w.db, err = tsdb.Open(filepath.Join(dir, "tsdb"), nil, nil, opts, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.db.Close()) })
	w.engine = promql.NewEngine(promql.EngineOpts{
		MaxSamples: 1_000_000, Timeout: time.Minute, LookbackDelta: time.Minute, Parser: parser.NewParser(parser.Options{}),
	})
	manager := rules.NewManager(&rules.ManagerOptions{
		Context: t.Context(), Appendable: w.db, Queryable: w.db,
		QueryFunc: rules.EngineQueryFunc(w.engine, w.db),
	})
	groups, errs := manager.LoadGroups(time.Second, labels.EmptyLabels(), "", nil, false, names...)
	require.Empty(t, errs)
	// In order, so that what counts is known when the signal is recorded.
	for _, key := range slices.Sorted(maps.Keys(groups)) {
		w.groups = append(w.groups, groups[key])
	}
	first := w.create()
	first.created, first.healthy = -3600, true
	return w
}

// installed returns a rule file of the monitoring machine.
func installed(t *testing.T, name string) string {
	t.Helper()
	text, err := fs.ReadFile(files.Monitoring(), "etc/exopool/rules/"+name)
	require.NoError(t, err)
	return string(text)
}

func (w *signalWorld) create() *simMember {
	w.made++
	m := &simMember{instance: fmt.Sprintf("192.0.2.%d:9100", w.made), created: w.now}
	w.members = append(w.members, m)
	w.peak = max(w.peak, len(w.members))
	return m
}

// run lets the world go on until a time, or until something is so. It returns
// whether it is.
func (w *signalWorld) run(until float64, so func() bool) bool {
	w.t.Helper()
	for ; w.now < until; w.now += worldStep {
		if so != nil && so() {
			return true
		}
		second := int(w.now)
		w.compute()
		if second%checkEvery == 0 {
			for _, m := range w.members {
				m.healthy = w.now-m.created >= w.boot.ready || m.created < 0
			}
		}
		if second%scrapeEvery == 0 {
			w.scrape()
		}
		if second%evaluateEvery == 0 {
			w.evaluate()
		}
		if second%turnEvery == turnEvery/2 {
			w.turn()
		}
	}
	return false
}

// serving counts the members that take requests.
func (w *signalWorld) serving() int {
	n := 0
	for _, m := range w.members {
		if m.healthy {
			n++
		}
	}
	return n
}

// compute spends a step of CPU time: healthy members share the load.
func (w *signalWorld) compute() {
	serving := float64(w.serving())
	for _, m := range w.members {
		use := w.boot.busy
		switch {
		case m.healthy:
			use = min(1, w.load(w.now)/serving)
		case w.now-m.created >= w.boot.ready: // not checked yet
			use = 0
		}
		m.used += use * worldStep
		m.unused += (1 - use) * worldStep
	}
}

// scrape stores what exporters and discovery say. Series that are gone end.
func (w *signalWorld) scrape() {
	w.t.Helper()
	app := w.db.Appender(w.t.Context())
	now := map[string]labels.Labels{}
	put := func(v float64, pairs ...string) {
		series := labels.FromStrings(pairs...)
		now[series.String()] = series
		w.append(app, series, v)
	}
	for _, m := range w.members {
		up := 0.0
		if m.created < 0 || w.now-m.created >= w.boot.exporter {
			up = 1
			put(m.used, "__name__", "node_cpu_seconds_total", "job", "pool", "mode", "user", "instance", m.instance)
			put(m.unused, "__name__", "node_cpu_seconds_total", "job", "pool", "mode", "idle", "instance", m.instance)
		}
		if w.now-m.created < discoverEvery {
			continue // not discovered yet
		}
		put(up, "__name__", "up", "job", "pool", "instance", m.instance)
		healthy := 0.0
		if m.healthy {
			healthy = 1
		}
		put(healthy, "__name__", "exopool_discovery_member_healthy", "job", "discovery", "instance", m.instance, "id", m.instance)
		put(m.created, "__name__", "exopool_discovery_member_created_timestamp_seconds", "job", "discovery", "instance", m.instance, "id", m.instance)
	}
	put(w.now, "__name__", "exopool_discovery_health_last_success_timestamp_seconds", "job", "discovery", "instance", "127.0.0.1:8091")
	for name, series := range w.exposed {
		if _, still := now[name]; !still {
			w.append(app, series, math.Float64frombits(value.StaleNaN))
		}
	}
	w.exposed = now
	require.NoError(w.t, app.Commit())
}

func (w *signalWorld) append(app storage.Appender, series labels.Labels, v float64) {
	w.t.Helper()
	_, err := app.Append(0, series, int64(w.now*1000), v)
	require.NoError(w.t, err)
}
