//go:build linux

package monitoring_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/terraform/templates"
)

// An exporter is what Prometheus asks at the address of a member.
type exporter struct {
	*httptest.Server

	asked atomic.Int64
}

func newExporter(t *testing.T, answer func(http.ResponseWriter, *http.Request)) *exporter {
	t.Helper()
	m := &exporter{}
	m.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.asked.Add(1)
		answer(w, r)
	}))
	t.Cleanup(m.Close)
	return m
}

func (m *exporter) instance() string { return strings.TrimPrefix(m.URL, "http://") }

// cpu returns the metrics of one CPU that is busy for a share of the time since began. Each
// line ends with a timestamp, if there is one.
func cpu(began time.Time, share float64, labels, timestamp string) string {
	spent := time.Since(began).Seconds()
	return fmt.Sprintf("node_cpu_seconds_total{cpu=\"0\",mode=\"user\"%[1]s} %[2]f%[4]s\n"+
		"node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"%[1]s} %[3]f%[4]s\n", labels, spent*share, spent*(1-share), timestamp)
}

// forged are the names that rules, alerts and dashboards believe, as told by
// another sender.
func forged(victim string) string {
	of := fmt.Sprintf(`{instance=%q,job="autoscaler",exported_job="",exported_instance=""}`, victim)
	return `exopool:cpu:percent 99
exopool:cpu_at_least:percent 99
exopool:cpu_at_most:percent 1
exopool:cpu_mode_counts:bool{mode="user"} 0
exopool:boot_aware_age:seconds 1e9
exopool:cpu_high:percent 1
exopool:cpu_high:percent{limit="another"} 2
exopool:cpu_low:percent 99
exopool:member_cpu:percent` + of + ` 99
exopool:member_booting:bool` + of + ` 1
exopool:member_unhealthy:bool` + of + ` 1
exopool:member_silent:bool` + of + ` 1
exopool:program_down:bool{job="autoscaler"} 1
exopool_autoscaler_pool_members` + of + ` 1000
exopool_autoscaler_pool_size` + of + ` 1000
exopool_autoscaler_last_decision_timestamp_seconds` + of + ` 1
exopool_discovery_member_healthy` + of + ` 0
exopool_discovery_member_created_timestamp_seconds` + of + ` 1e12
exopool_exoscale_api_requests_total{code="500"} 1e9
up 7
up{member="another"} 1
scrape_duration_seconds{member="another"} 1e9
scrape_samples_scraped{member="another"} 1e9
ALERTS{alertname="CPU high",alertstate="firing",autoscale="up"} 1
ALERTS_FOR_STATE{alertname="CPU high",autoscale="up"} 1
prometheus_rule_evaluation_failures_total{rule_group="signal"} 1e9
process_resident_memory_bytes 1e18
`
}

// An attack is a way to answer Prometheus, and what it makes of the attacker:
// whether the scrape counts, and whether there is a value for its CPU.
type attack struct {
	answer       func(w io.Writer, began time.Time, victim *exporter)
	up, measured bool
}

// attacks leave an attacker's own CPU at 50 %, if they tell it.
var attacks = map[string]attack{
	"names of rules and programs": {func(w io.Writer, began time.Time, victim *exporter) {
		fmt.Fprint(w, forged(victim.instance()), cpu(began, 0.5, "", ""))
	}, true, true},
	"CPU of others": {func(w io.Writer, began time.Time, victim *exporter) {
		fmt.Fprint(w, cpu(began, 0.5, fmt.Sprintf(`,job="pool",instance=%q`, victim.instance()), ""))
	}, true, true},
	"CPU that is no number": {func(w io.Writer, began time.Time, _ *exporter) {
		fmt.Fprint(w, "node_cpu_seconds_total{cpu=\"1\",mode=\"user\"} NaN\n", cpu(began, 0.5, "", ""))
	}, true, false},
	"CPU without end": {func(w io.Writer, _ time.Time, _ *exporter) {
		fmt.Fprint(w, "node_cpu_seconds_total{cpu=\"0\",mode=\"user\"} +Inf\nnode_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} -Inf\n")
	}, true, false},
	"modes and CPUs that do not exist": {func(w io.Writer, began time.Time, _ *exporter) {
		fmt.Fprint(w, "node_cpu_seconds_total{cpu=\"0\",mode=\"made-up\"} ", time.Since(began).Seconds()*1e9, "\n",
			"node_cpu_seconds_total{cpu=\"all\",mode=\"user\"} ", time.Since(began).Seconds()*1e9, "\n", cpu(began, 0.5, "", ""))
	}, true, true},
	"a time to come": {func(w io.Writer, began time.Time, _ *exporter) {
		fmt.Fprint(w, cpu(began, 0.5, "", fmt.Sprintf(" %d", time.Now().Add(9*time.Minute).UnixMilli())))
	}, true, true},
	"a time long ago": {func(w io.Writer, began time.Time, _ *exporter) {
		fmt.Fprint(w, cpu(began, 0.5, "", " 1"))
	}, true, true},
	"new series each time": {func(w io.Writer, began time.Time, _ *exporter) {
		for range 1000 {
			n := rand.Uint64()
			fmt.Fprintf(w, "node_%d 1\nnode_load1{n=\"%d\"} 1\nnode_cpu_seconds_total{cpu=\"%d\",mode=\"user\"} 1\n", n, n, n)
		}
		fmt.Fprint(w, cpu(began, 0.5, "", ""))
	}, true, true},
	"more series than a machine has": {func(w io.Writer, _ time.Time, _ *exporter) {
		for n := range 1000 {
			for _, mode := range []string{"user", "nice", "system", "idle", "iowait", "irq"} {
				fmt.Fprintf(w, "node_cpu_seconds_total{cpu=\"%d\",mode=%q} 1\n", n, mode)
			}
		}
	}, false, false},
	"labels without end": {func(w io.Writer, began time.Time, _ *exporter) {
		long := strings.Repeat("x", 1<<20)
		fmt.Fprintf(w, "node_load1{n=%q} 1\n%s", long, cpu(began, 0.5, fmt.Sprintf(",long=%q", long), ""))
	}, true, true},
	"a body without end": {func(w io.Writer, _ time.Time, _ *exporter) {
		line := []byte("# " + strings.Repeat("x", 1<<16) + "\n")
		for n, err := 0, error(nil); err == nil && n < 1<<26; n += len(line) {
			_, err = w.Write(line)
		}
	}, false, false},
}

func TestNoTargetControlsTheSignal(t *testing.T) {
	t.Parallel()
	binary := tool(t, "prometheus")
	s, began := newServer(t, 98), time.Now()
	honest := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, cpu(began, 0.5, "", "")) }
	victim := newExporter(t, honest)
	members := map[string]*exporter{"honest": victim, "honest as well": newExporter(t, honest)}
	want := map[string]attack{"honest": {up: true, measured: true}, "honest as well": {up: true, measured: true}}
	for name, attack := range attacks {
		want[name] = attack
		members[name] = newExporter(t, func(w http.ResponseWriter, _ *http.Request) { attack.answer(w, began, victim) })
	}
	// Three that need more than a body. Of the bomb, a thousandth is sent.
	var bomb bytes.Buffer
	compressed := gzip.NewWriter(&bomb)
	attacks["a body without end"].answer(compressed, began, victim)
	require.NoError(t, compressed.Close())
	for name, answer := range map[string]http.HandlerFunc{
		"a bomb": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb.Bytes()) // whoever asked has gone
		},
		"silence": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"another address": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://"+s.address+":8090/sent-elsewhere", http.StatusFound)
		},
	} {
		want[name] = attack{}
		members[name] = newExporter(t, answer)
	}
	var elsewhere atomic.Int64
	s.serve(t, ":8090", func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/metrics" {
			elsewhere.Add(1)
		}
	})
	application := newExporter(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, forged(victim.instance()), cpu(began, 1, "", ""), "http_requests_total ", time.Since(began).Seconds()*10, "\n")
	})
	s.write(t, members)
	_, port, err := net.SplitHostPort(application.instance())
	require.NoError(t, err)
	number, err := strconv.Atoi(port)
	require.NoError(t, err)
	s.prometheus(t, binary, templates.ApplicationJob("/metrics", number))

	for name, m := range members {
		require.Eventually(t, func() bool { return m.asked.Load() > 5 }, time.Minute, 50*time.Millisecond, name)
	}
	awaitSample(t, s, "exopool:member_requests:rate1m > 0")
	t.Run("each attack is the attacker's own affair", func(t *testing.T) { s.judge(t, members, want) })
	t.Run("the signal is the average of those that are measured", func(t *testing.T) {
		signal := s.now(t, "exopool:cpu:percent")
		require.Len(t, signal, 1)
		assert.InDelta(t, 50, signal[0].Value, 5)
	})
	t.Run("those that are not measured only keep the pool as it is", func(t *testing.T) {
		least, most := s.now(t, "exopool:cpu_at_least:percent"), s.now(t, "exopool:cpu_at_most:percent")
		require.Len(t, least, 1)
		require.Len(t, most, 1)
		assert.LessOrEqual(t, least[0].Value, 55.0)
		assert.GreaterOrEqual(t, most[0].Value, 45.0)
	})
	t.Run("no rule fails and no alert is due", func(t *testing.T) {
		evaluateRules(t, s)
		assert.Empty(t, s.now(t, `ALERTS{autoscale!=""}`), "neither pending nor firing")
	})
	t.Run("no name is believed of the wrong one", func(t *testing.T) {
		assert.Empty(t, s.now(t, `{__name__=~"exopool.*|ALERTS.*|prometheus_.*",job=~"pool|application"}`))
		assert.Empty(t, s.now(t, `{__name__=~"node_.*",job="application"}`))
		assert.Len(t, s.now(t, `up{job="pool"}`), len(members))
		assert.Len(t, s.now(t, `up{job="application"}`), 1)
		assert.Empty(t, s.now(t, "scrape_duration_seconds > 1e6 or up > 1"))
	})
	t.Run("no target fills the memory", func(t *testing.T) {
		made := s.now(t, fmt.Sprintf(`count({instance=%q})`, members["new series each time"].instance()))
		require.Len(t, made, 1)
		assert.Less(t, made[0].Value, 20.0)
	})
	assert.Zero(t, elsewhere.Load(), "Prometheus follows no redirect of a member")
}

// judge compares what became of members with what should.
func (s *server) judge(t *testing.T, members map[string]*exporter, want map[string]attack) {
	t.Helper()
	for name, m := range members {
		of := fmt.Sprintf(`{instance=%q}`, m.instance())
		up := s.now(t, "up"+of+" == 1")
		assert.Equal(t, want[name].up, len(up) == 1, "%s: scraped", name)
		use := s.now(t, "exopool:member_cpu:percent"+of)
		if assert.Equal(t, want[name].measured, len(use) == 1, "%s: measured", name) && len(use) == 1 {
			assert.InDelta(t, 50, use[0].Value, 5, name)
		}
	}
}

// serve answers on a port of the monitoring machine until the test ends.
func (s *server) serve(t *testing.T, port string, answer http.HandlerFunc) {
	t.Helper()
	l, err := net.Listen("tcp", s.address+port)
	require.NoError(t, err)
	listening := httptest.NewUnstartedServer(answer)
	require.NoError(t, listening.Listener.Close())
	listening.Listener = l
	listening.Start()
	t.Cleanup(listening.Close)
}

// write names the members, as discovery does.
func (s *server) write(t *testing.T, members map[string]*exporter) {
	t.Helper()
	groups := []map[string][]string{}
	for _, m := range members {
		groups = append(groups, map[string][]string{"targets": {m.instance()}})
	}
	text, err := json.Marshal(groups)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(s.targets(), text, 0o600))
}
