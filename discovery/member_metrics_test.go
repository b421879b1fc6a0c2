package discovery_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/discovery"
)

// The metrics of members.
const (
	memberHealthy = "exopool_discovery_member_healthy"
	memberCreated = "exopool_discovery_member_created_timestamp_seconds"
	healthSuccess = "exopool_discovery_health_last_success_timestamp_seconds"
)

// healthOf is a service of the pool that says this of its members.
func healthOf(pool, service string, health map[string]string) discovery.Backend {
	b := discovery.Backend{BalancerID: "nlb-1", Service: service, PoolID: pool, Health: map[netip.Addr]discovery.Health{}}
	for addr, text := range health {
		b.Health[netip.MustParseAddr(addr)] = discovery.Health{OK: text == "success", Text: text}
	}
	return b
}

// withMemberMetrics returns an agent with metrics of members, and how they are read.
func withMemberMetrics(t *testing.T, c *cloud, change func(*discovery.Config)) (*discovery.Agent, func(name string) string) {
	t.Helper()
	reg := prometheus.NewPedanticRegistry()
	cfg := config(t, c)
	cfg.MemberMetrics, cfg.Backends, cfg.Registerer = true, c, reg
	if change != nil {
		change(&cfg)
	}
	return newAgent(t, cfg), func(name string) string { return series(t, reg, name) }
}

// series returns the samples of a metric, one a line.
func series(t *testing.T, g prometheus.Gatherer, name string) string {
	t.Helper()
	families, err := g.Gather()
	require.NoError(t, err)
	var lines []string
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, m := range family.GetMetric() {
			var labels []string
			for _, label := range m.GetLabel() {
				labels = append(labels, label.GetName()+"="+label.GetValue())
			}
			lines = append(lines, fmt.Sprintf("%s %g", strings.Join(labels, ","), m.GetGauge().GetValue()))
		}
	}
	return strings.Join(lines, "\n")
}

func TestMemberIsHealthyWhenAllServicesSaySo(t *testing.T) {
	for name, c := range map[string]struct {
		services []discovery.Backend
		want     string // value; empty: no series
	}{
		"no load balancer":                 {nil, ""},
		"service of another pool":          {[]discovery.Backend{healthOf("db", "sql", map[string]string{"192.0.2.1": "success"})}, ""},
		"success":                          {[]discovery.Backend{healthOf("web", "http", map[string]string{"192.0.2.1": "success"})}, "1"},
		"failure":                          {[]discovery.Backend{healthOf("web", "http", map[string]string{"192.0.2.1": "failure"})}, "0"},
		"a word that we do not know":       {[]discovery.Backend{healthOf("web", "http", map[string]string{"192.0.2.1": "maybe"})}, "0"},
		"not checked yet gets no requests": {[]discovery.Backend{healthOf("web", "http", nil)}, "0"},
		"the worst of two": {[]discovery.Backend{
			healthOf("web", "http", map[string]string{"192.0.2.1": "success"}),
			healthOf("web", "https", map[string]string{"192.0.2.1": "failure"}),
		}, "0"},
		"the worst of two, in the other order": {[]discovery.Backend{
			healthOf("web", "http", map[string]string{"192.0.2.1": "failure"}),
			healthOf("web", "https", map[string]string{"192.0.2.1": "success"}),
		}, "0"},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := newCloud().grow("web", "192.0.2.1")
			cloud.backends = c.services
			agent, read := withMemberMetrics(t, cloud, nil)
			require.NoError(t, agent.RunOnce(t.Context()))
			want := ""
			if c.want != "" {
				want = "id=web-000,instance=192.0.2.1:9100,pool=web " + c.want
			}
			assert.Equal(t, want, read(memberHealthy))
		})
	}
}

func TestMemberMetricsAreOffUnlessAskedFor(t *testing.T) {
	c := labelled()
	agent, read := withMemberMetrics(t, c, func(cfg *discovery.Config) { cfg.MemberMetrics = false })
	require.NoError(t, agent.RunOnce(t.Context()))
	for _, name := range []string{memberHealthy, memberCreated, healthSuccess} {
		assert.Empty(t, read(name))
	}
	assert.Equal(t, map[string]int{"Instances": 1, "Pool": 1}, c.calls)
}

func TestMemberMetricsCostOneCallAlsoWithLabels(t *testing.T) {
	for name, c := range map[string]struct {
		labels bool
		calls  map[string]int
	}{
		"labels off": {false, map[string]int{"Instances": 1, "Pool": 2, "Backends": 1}},
		"labels on":  {true, map[string]int{"Instances": 1, "Pool": 2, "Backends": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := labelled()
			agent, read := withMemberMetrics(t, cloud, func(cfg *discovery.Config) {
				cfg.Labels, cfg.Pools = c.labels, []string{"web", "db"}
			})
			require.NoError(t, agent.RunOnce(t.Context()))
			assert.Equal(t, c.calls, cloud.calls)
			assert.Equal(t, `id=db-000,instance=192.0.2.9:9100,pool=db 0
id=web-000,instance=192.0.2.1:9100,pool=web 1
id=web-001,instance=192.0.2.2:9100,pool=web 0
id=web-002,instance=[2001:db8::3]:9100,pool=web 0`, read(memberHealthy))
			assert.Equal(t, "id=web-000,instance=192.0.2.1:9100,pool=web 1.767323045e+09", read(memberCreated),
				"no age if the provider does not say it")
			assert.NotEmpty(t, read(healthSuccess))
		})
	}
}

func TestWithoutBackendsOnlyTheAgeIsKnown(t *testing.T) {
	agent, read := withMemberMetrics(t, labelled(), func(cfg *discovery.Config) { cfg.Backends = nil })
	require.NoError(t, agent.RunOnce(t.Context()))
	assert.Empty(t, read(memberHealthy))
	assert.Empty(t, read(healthSuccess))
	assert.NotEmpty(t, read(memberCreated))
}

func TestSeriesGoWithTheirMember(t *testing.T) {
	c := newCloud().grow("web", "192.0.2.1", "192.0.2.2", "")
	for i := range c.members {
		c.members[i].Created = epoch.Add(time.Duration(i) * time.Second)
	}
	c.backends = []discovery.Backend{healthOf("web", "http", map[string]string{"192.0.2.2": "success"})}
	agent, read := withMemberMetrics(t, c, nil)
	require.NoError(t, agent.RunOnce(t.Context()))
	require.Equal(t, 2, strings.Count(read(memberHealthy), "instance="), "a member without address is no target")

	c.leave(1)
	require.NoError(t, agent.RunOnce(t.Context()))
	assert.Equal(t, "id=web-001,instance=192.0.2.2:9100,pool=web 1", read(memberHealthy))
	assert.Equal(t, 1, strings.Count(read(memberCreated), "instance="))

	c.empty(0)
	require.NoError(t, agent.RunOnce(t.Context()))
	assert.Empty(t, read(memberHealthy))
	assert.Empty(t, read(memberCreated))
}

func TestHealthThatCannotBeReadStaysAndDelaysNothing(t *testing.T) {
	c := newCloud().grow("web", "192.0.2.1", "192.0.2.2")
	c.backends = []discovery.Backend{healthOf("web", "http", map[string]string{"192.0.2.1": "success", "192.0.2.2": "failure"})}
	logged := &levels{}
	agent, read := withMemberMetrics(t, c, func(cfg *discovery.Config) { cfg.Logger = slog.New(logged) })
	require.NoError(t, agent.RunOnce(t.Context()))
	known := read(healthSuccess)

	c.fail("Backends", assert.AnError)
	c.members[1].Gone = true
	c.grow("web", "192.0.2.3")
	require.NoError(t, agent.RunOnce(t.Context()))
	logged.seen = slices.DeleteFunc(logged.seen, func(l slog.Level) bool { return l == slog.LevelInfo }) // targets changed
	require.NoError(t, agent.RunOnce(t.Context()))
	assert.Equal(t, "id=web-000,instance=192.0.2.1:9100,pool=web 1", read(memberHealthy),
		"the last known health stays, a removed member loses its own, a new one has none")
	assert.Contains(t, get(t, agent.Handler(noMetrics()), "/targets").Body.String(), "192.0.2.3:9100")
	assert.Equal(t, http.StatusOK, get(t, agent.Handler(noMetrics()), "/readyz").Code)
	assert.Equal(t, known, read(healthSuccess))

	c.fail("Backends", nil)
	c.backends = []discovery.Backend{healthOf("web", "http", map[string]string{"192.0.2.3": "success"})}
	require.NoError(t, agent.RunOnce(t.Context()))
	assert.Equal(t, "id=web-000,instance=192.0.2.1:9100,pool=web 0\nid=web-002,instance=192.0.2.3:9100,pool=web 1", read(memberHealthy))
	assert.Equal(t, []slog.Level{slog.LevelWarn, slog.LevelInfo}, logged.seen, "an outage is logged once, and its end")
}

func TestFailedRefreshLeavesMemberMetrics(t *testing.T) {
	c := newCloud().grow("web", "192.0.2.1")
	c.backends = []discovery.Backend{healthOf("web", "http", map[string]string{"192.0.2.1": "success"})}
	agent, read := withMemberMetrics(t, c, nil)
	require.NoError(t, agent.RunOnce(t.Context()))
	before := read(memberHealthy)

	c.backends = nil
	c.fail("Instances", assert.AnError)
	require.Error(t, agent.RunOnce(t.Context()))
	assert.Equal(t, before, read(memberHealthy))
}

func TestMemberWithTheAddressOfAnotherHasItsOwnHealth(t *testing.T) {
	c := newCloud().grow("web", "192.0.2.1")
	c.backends = []discovery.Backend{healthOf("web", "http", map[string]string{"192.0.2.1": "success"})}
	agent, read := withMemberMetrics(t, c, nil)
	require.NoError(t, agent.RunOnce(t.Context()))

	c.members[0].ID = "web-next"
	c.fail("Backends", assert.AnError)
	require.NoError(t, agent.RunOnce(t.Context()))
	assert.Empty(t, read(memberHealthy), "it does not inherit what was known of the one before")
}

func TestStoppingWhileHealthIsReadIsNoFailure(t *testing.T) {
	c := newCloud().grow("web", "192.0.2.1")
	logged := &levels{}
	agent, _ := withMemberMetrics(t, c, func(cfg *discovery.Config) { cfg.Logger = slog.New(logged) })
	ctx, cancel := context.WithCancel(t.Context())
	c.hook = func(_ context.Context, method string) {
		if method == "Backends" {
			cancel()
		}
	}
	require.NoError(t, agent.RunOnce(ctx), "the targets were published before")
	assert.NotContains(t, logged.seen, slog.LevelWarn)
}

func TestMemberMetricsPassTheLinterOfPrometheus(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	c := labelled()
	c.members[0].ID = "not UTF-8: \xff"
	cfg := config(t, c)
	cfg.MemberMetrics, cfg.Backends, cfg.Registerer = true, c, reg
	require.NoError(t, newAgent(t, cfg).RunOnce(t.Context()))
	problems, err := testutil.GatherAndLint(reg)
	require.NoError(t, err)
	assert.Empty(t, problems)
}
