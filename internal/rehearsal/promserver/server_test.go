package promserver_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/exopool/exopool/internal/rehearsal/notifier"
	"github.com/exopool/exopool/internal/rehearsal/promserver"
	"github.com/exopool/exopool/terraform/files"
)

const (
	// deadline bounds every wait.
	deadline = 30 * time.Second
	look     = 20 * time.Millisecond
)

// An exporter is a member with one CPU, as far as Prometheus can see.
type exporter struct {
	*httptest.Server

	mu         sync.Mutex
	use        float64 // share of the CPU that is busy, 0 to 1
	since      time.Time
	busy, idle float64 // seconds
	broken     bool
}

func newExporter(t *testing.T, use float64) *exporter {
	t.Helper()
	e := &exporter{use: use, since: time.Now()}
	e.Server = httptest.NewServer(e)
	t.Cleanup(e.Close)
	return e
}

func (e *exporter) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.advance()
	if e.broken {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	fmt.Fprintf(w, "# TYPE node_cpu_seconds_total counter\n"+
		"node_cpu_seconds_total{cpu=\"0\",mode=\"user\"} %f\n"+
		"node_cpu_seconds_total{cpu=\"0\",mode=\"system\"} %f\n"+
		"node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} %f\n", e.busy*2/3, e.busy/3, e.idle)
}

func (e *exporter) advance() {
	now := time.Now()
	passed := now.Sub(e.since).Seconds()
	e.busy += passed * e.use
	e.idle += passed * (1 - e.use)
	e.since = now
}

func (e *exporter) load(use float64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.advance()
	e.use = use
}

func (e *exporter) breakDown() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.broken = true
}

func (e *exporter) instance() string { return strings.TrimPrefix(e.URL, "http://") }

// A testServer runs with short intervals: a minute takes two seconds.
type testServer struct {
	*promserver.Server

	targets string
	stop    func()
}

func newTestServer(t *testing.T, change func(*promserver.Config)) *testServer {
	t.Helper()
	dir := t.TempDir()
	cfg := promserver.Config{
		Dir:         filepath.Join(dir, "tsdb"),
		TargetsFile: filepath.Join(dir, "config.json"),
		Files:       files.Monitoring(),
		Speed:       30,
	}
	if change != nil {
		change(&cfg)
	}
	m, err := promserver.Open(cfg)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		assert.NoError(t, <-done)
		assert.NoError(t, m.Close())
	})
	t.Cleanup(stop)
	return &testServer{Server: m, targets: cfg.TargetsFile, stop: stop}
}

// write replaces the targets file as discovery does: atomically.
func (s *testServer) write(t *testing.T, members ...*exporter) {
	t.Helper()
	type group struct {
		Targets []string `json:"targets"`
	}
	var groups []group
	for _, e := range members {
		groups = append(groups, group{Targets: []string{e.instance()}})
	}
	text, err := json.Marshal(groups)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(s.targets+".new", text, 0o600))
	require.NoError(t, os.Rename(s.targets+".new", s.targets))
}

func (s *testServer) average(t *testing.T) (float64, bool) {
	t.Helper()
	average, ok, err := s.Average(t.Context())
	return average, ok && assert.NoError(t, err)
}

func TestAverageIsThatOfTheMembersCPUUse(t *testing.T) {
	t.Parallel()
	busy, calm := newExporter(t, 0.9), newExporter(t, 0.3)
	s := newTestServer(t, func(cfg *promserver.Config) { cfg.Speed = 40 })
	_, ok := s.average(t)
	assert.False(t, ok, "no targets, no average")

	s.write(t, busy, calm)
	require.Eventually(t, func() bool {
		members, err := s.Members(t.Context())
		average, ok := s.average(t)
		return ok && assert.NoError(t, err) && len(members) == 2 && average > 50 && average < 70 &&
			members[busy.instance()] > 80 && members[calm.instance()] < 40
	}, deadline, look)

	t.Log("a member that does not answer is down and leaves the average")
	calm.breakDown()
	require.Eventually(t, func() bool {
		up, err := s.Up(t.Context())
		average, _ := s.average(t)
		return assert.NoError(t, err) && len(up) == 2 && up[busy.instance()] && !up[calm.instance()] && average > 80
	}, deadline, look)

	t.Log("a member that is gone from the file is forgotten")
	s.write(t, busy)
	require.Eventually(t, func() bool {
		up, err := s.Up(t.Context())
		return assert.NoError(t, err) && len(up) == 1 && up[busy.instance()]
	}, deadline, look)
}

func TestAlertFiresOnlyAfterItsConditionHeldForAWhile(t *testing.T) {
	t.Parallel()
	type report struct {
		at     time.Time
		firing []notifier.Alert
	}
	reports := make(chan report, 1000)
	s := newTestServer(t, func(cfg *promserver.Config) {
		cfg.Notify = func(_ context.Context, firing []notifier.Alert) { reports <- report{time.Now(), firing} }
	})
	member := newExporter(t, 0.95)
	began := time.Now()
	s.write(t, member)
	end := time.After(deadline)
	for {
		select {
		case r := <-reports:
			if len(r.firing) == 0 {
				continue
			}
			require.Len(t, r.firing, 1)
			a := r.firing[0]
			assert.Equal(t, map[string]string{"alertname": "CPU high", "autoscale": "up"}, a.Labels)
			assert.InDelta(t, 95, a.Value, 3)
			assert.Contains(t, a.Annotations["summary"], "The pool's CPU use is 9")
			assert.Greater(t, r.at.Sub(began), 2*time.Second, "pending for a minute, thirty times faster")
			assert.WithinDuration(t, r.at, a.StartsAt, deadline)
			return
		case <-end:
			t.Fatal("no alert fired")
		}
	}
}

func TestNoAlertWithoutData(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(t *testing.T, s *testServer){
		"no targets file": func(*testing.T, *testServer) {},
		"no members":      func(t *testing.T, s *testServer) { t.Helper(); s.write(t) },
		"members that do not answer": func(t *testing.T, s *testServer) {
			t.Helper()
			e := newExporter(t, 0.95)
			e.breakDown()
			s.write(t, e)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			evaluated := make(chan int, 1000)
			s := newTestServer(t, func(cfg *promserver.Config) {
				cfg.Notify = func(_ context.Context, firing []notifier.Alert) { evaluated <- len(firing) }
				cfg.Speed = 100 // without data, nothing has to keep up
			})
			prepare(t, s)
			end := time.After(deadline)
			for range 20 { // More than window and pending time.
				select {
				case firing := <-evaluated:
					assert.Zero(t, firing)
				case <-end:
					t.Fatal("the rules are not evaluated")
				}
			}
		})
	}
}

// Not parallel: it looks at the goroutines of the whole test program.
func TestRunEndsWithinASecondAndLeavesNoGoroutine(t *testing.T) {
	existing := goleak.IgnoreCurrent()
	func() {
		member := newExporter(t, 0.5)
		defer member.Close()
		s := newTestServer(t, nil)
		s.write(t, member)
		require.Eventually(t, func() bool {
			_, ok := s.average(t)
			return ok
		}, deadline, look)
		began := time.Now()
		s.stop()
		assert.Less(t, time.Since(began), time.Second)
		require.NoError(t, s.Close(), "a second Close does nothing")
	}()
	goleak.VerifyNone(t, existing)
}

func TestServersDoNotShareMetrics(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewPedanticRegistry()
	newTestServer(t, func(cfg *promserver.Config) { cfg.Registry = registry })
	newTestServer(t, nil)
	newTestServer(t, nil)
	families, err := registry.Gather()
	require.NoError(t, err)
	assert.NotEmpty(t, families)
}

func TestConfigurationFaultsAreNamed(t *testing.T) {
	t.Parallel()
	faulty := map[string]struct {
		change func(*promserver.Config)
		says   string
	}{
		"no directory":      {func(c *promserver.Config) { c.Dir = "" }, "Dir of the database is missing"},
		"no files":          {func(c *promserver.Config) { c.Files = nil }, "Files of the monitoring machine are missing"},
		"no targets file":   {func(c *promserver.Config) { c.TargetsFile = "" }, `TargetsFile ""`},
		"other format":      {func(c *promserver.Config) { c.TargetsFile = "config.txt" }, `TargetsFile "config.txt"`},
		"pattern":           {func(c *promserver.Config) { c.TargetsFile = "*.json" }, `TargetsFile "*.json"`},
		"backwards in time": {func(c *promserver.Config) { c.Speed = -1 }, "Speed is -1"},
		"other files":       {func(c *promserver.Config) { c.Files = fstest.MapFS{} }, "etc/exopool/prometheus.yml"},
	}
	for name, test := range faulty {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := promserver.Config{Dir: t.TempDir(), TargetsFile: "config.json", Files: files.Monitoring()}
			test.change(&cfg)
			_, err := promserver.Open(cfg)
			require.ErrorContains(t, err, test.says)
		})
	}
}
