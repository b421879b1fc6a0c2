package grafana_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/discovery"
	"github.com/exopool/exopool/fake"
	"github.com/exopool/exopool/internal/rehearsal/grafanaserver"
	"github.com/exopool/exopool/internal/rehearsal/promserver"
	"github.com/exopool/exopool/terraform/files"
)

const (
	token = "the-secret-of-the-webhooks"
	// startTimeout is what a Grafana may take until it has evaluated its rules,
	// several starting at once on a small host.
	startTimeout = 3 * time.Minute
	poll         = 100 * time.Millisecond
)

// A world is all that a monitoring machine runs, and a pool of members that
// are as busy as the test says.
type world struct {
	*fleet

	began   time.Time
	dir     string
	targets string            // file of discovery
	jobs    map[string]string // addresses of the programs, by job
	average func(ctx context.Context) (percent float64, known bool, err error)
	monitor *promserver.Server
	api     *tap // of Prometheus
	hooks   *receiver
	loop    *autoscale.Loop
	config  grafanaserver.Config
	grafana *grafanaserver.Server
	halt    func() // ends Grafana
}

// newWorld starts everything but Grafana, with members that use this share of
// their CPUs.
func newWorld(t *testing.T, use float64) *world {
	t.Helper()
	return newWorldOf(t, newFleet(t, 3, use))
}

func newWorldOf(t *testing.T, members *fleet) *world {
	t.Helper()
	w := newPrograms(t, members)
	w.api = &tap{}
	w.jobs["prometheus"] = serve(t, w.api)
	var err error
	w.monitor, err = promserver.Open(promserver.Config{
		Dir: filepath.Join(w.dir, "tsdb"), Files: files.Monitoring(), TargetsFile: w.targets, Addresses: w.jobs,
	})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, w.monitor.Close()) })
	w.average = w.monitor.Average
	w.api.open(w.monitor.Handler())
	background(t, w.monitor.Run)
	w.config.PrometheusURL = "http://" + w.jobs["prometheus"]
	return w
}

// newPrograms starts autoscaler and discovery.
func newPrograms(t *testing.T, members *fleet) *world {
	t.Helper()
	found := installation(t)
	t.Parallel()
	w := &world{fleet: members, began: time.Now(), dir: t.TempDir()}

	registry := programRegistry()
	loop, err := autoscale.New(autoscale.Config{
		Pool: fake.NewPool(poolID, 3, nil), PoolName: "web", Zone: "at-vie-1", Registerer: registry,
	})
	require.NoError(t, err)
	w.loop = loop
	w.hooks = newReceiver(autoscale.NewHandler(loop, autoscale.HandlerConfig{Token: token, Gatherer: registry}))
	autoscaler := serve(t, w.hooks)

	registry = programRegistry()
	w.targets = filepath.Join(w.dir, "config.json")
	agent, err := discovery.New(discovery.Config{
		Lister: w.fleet, Pools: []string{poolID}, File: w.targets, Port: w.port, Registerer: registry, AllowLoopback: true,
	})
	require.NoError(t, err)
	finder := serve(t, agent.Handler(registry))

	background(t, loop.Run, agent.Run)

	w.jobs = map[string]string{"autoscaler": autoscaler, "discovery": finder}
	w.config = grafanaserver.Config{
		Installation: found, Files: files.Monitoring(), Dir: t.TempDir(),
		AutoscalerURL: "http://" + autoscaler, WebhookToken: token,
	}
	return w
}

// start starts Grafana and waits until it has evaluated the rules.
func (w *world) start(t *testing.T) {
	t.Helper()
	began := time.Now()
	server, err := grafanaserver.New(w.config)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx) }()
	w.grafana = server
	w.halt = sync.OnceFunc(func() {
		cancel()
		assert.NoError(t, <-done)
		assert.Empty(t, server.ProvisioningErrors(), "no fault in the files")
	})
	t.Cleanup(w.halt)
	ready, cancelReady := context.WithTimeout(t.Context(), startTimeout)
	defer cancelReady()
	require.NoError(t, server.AwaitReady(ready))
	w.note(t, "grafana %s has evaluated its rules, %s after its start", w.config.Installation.Version, seconds(time.Since(began)))
}

// note prints what happened, with the time since the beginning.
func (w *world) note(t *testing.T, format string, args ...any) {
	t.Helper()
	t.Logf("%7.1f s  "+format, append([]any{time.Since(w.began).Seconds()}, args...)...)
}

func seconds(d time.Duration) string { return d.Round(100 * time.Millisecond).String() }

// crossing waits until the average is above or below the limit, and returns
// when it was.
func (w *world) crossing(t *testing.T, crossed func(percent float64) bool) time.Time {
	t.Helper()
	require.Eventually(t, func() bool {
		average, known, err := w.average(t.Context())
		return assert.NoError(t, err) && known && crossed(average)
	}, 2*time.Minute, poll, "the average does not get there")
	at := time.Now()
	w.note(t, "the average crosses the limit")
	return at
}

func above(limit float64) func(float64) bool { return func(v float64) bool { return v > limit } }
func below(limit float64) func(float64) bool { return func(v float64) bool { return v < limit } }

// state returns what Grafana says of an alert.
func (w *world) state(ctx context.Context, name string) (string, error) {
	rules, err := w.grafana.Rules(ctx)
	for _, rule := range rules {
		if rule.Name == name {
			return rule.State, err
		}
	}
	return "", err
}

// programRegistry is what a program of its own has.
func programRegistry() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return registry
}

// A tap serves a handler, or nothing at all while it is closed: connections
// end without an answer, as those to a program that is not there.
type tap struct {
	mu      sync.Mutex
	handler http.Handler
}

func (p *tap) open(handler http.Handler) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.handler = handler
}

func (p *tap) close() { p.open(nil) }

// ServeHTTP implements [http.Handler].
func (p *tap) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	handler := p.handler
	p.mu.Unlock()
	if handler == nil {
		panic(http.ErrAbortHandler)
	}
	handler.ServeHTTP(w, r)
}

// serve serves a handler on loopback and returns its address.
func serve(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	address := strings.TrimPrefix(server.URL, "http://")
	_, _, err := net.SplitHostPort(address)
	require.NoError(t, err)
	return address
}

// background runs parts until the test ends.
func background(t *testing.T, parts ...func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for _, run := range parts {
		running.Go(func() { assert.NoError(t, run(ctx)) })
	}
	t.Cleanup(func() { cancel(); running.Wait() })
}
