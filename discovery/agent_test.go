package discovery_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/discovery"
)

func TestOneTargetForEachMemberWithAPublicAddress(t *testing.T) {
	for name, c := range map[string]struct {
		addrs []string
		port  int
		want  string
	}{
		"none":                       {nil, 0, `[]`},
		"sorted by number":           {[]string{"10.0.0.10", "10.0.0.9", "9.255.0.1"}, 0, `["9.255.0.1:9100","10.0.0.9:9100","10.0.0.10:9100"]`},
		"another port":               {[]string{"192.0.2.1"}, 65535, `["192.0.2.1:65535"]`},
		"without address skipped":    {[]string{"192.0.2.1", "", "192.0.2.2"}, 0, `["192.0.2.1:9100","192.0.2.2:9100"]`},
		"IPv6 when there is no IPv4": {[]string{"2001:db8::1", "192.0.2.1"}, 0, `["192.0.2.1:9100","[2001:db8::1]:9100"]`},
		"the same address once":      {[]string{"192.0.2.1", "192.0.2.1"}, 0, `["192.0.2.1:9100"]`},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config(t, newCloud().grow("web", c.addrs...))
			cfg.Port = c.port
			require.NoError(t, newAgent(t, cfg).RunOnce(t.Context()))
			assert.Equal(t, `[{"targets":`+c.want+`,"labels":{}}]`+"\n", read(t, cfg.File))
			onlyFile(t, cfg.File)
		})
	}
}

func TestMemberWithBothAddressesIsOneIPv4Target(t *testing.T) {
	c := newCloud().grow("web", "192.0.2.1", "2001:db8::1")
	c.members[0].IPv6 = c.members[1].IPv6
	c.members = c.members[:1]
	cfg := config(t, c)
	require.NoError(t, newAgent(t, cfg).RunOnce(t.Context()))
	assert.Equal(t, `[{"targets":["192.0.2.1:9100"],"labels":{}}]`+"\n", read(t, cfg.File))
}

func TestMembersCountUntilTheyAreGone(t *testing.T) {
	for state, want := range map[string]string{
		"starting": `["192.0.2.1:9100"]`, "stopped": `["192.0.2.1:9100"]`, "": `["192.0.2.1:9100"]`, "gone": `[]`,
	} {
		c := newCloud().grow("web", "192.0.2.1")
		c.members[0].State, c.members[0].Gone = state, state == "gone"
		cfg := config(t, c)
		require.NoError(t, newAgent(t, cfg).RunOnce(t.Context()), state)
		assert.Equal(t, `[{"targets":`+want+`,"labels":{}}]`+"\n", read(t, cfg.File), state)
	}
}

func TestOneListCallForAllPools(t *testing.T) {
	c := newCloud().grow("web", "192.0.2.1").grow("db", "192.0.2.2", "192.0.2.3").grow("other", "192.0.2.9")
	cfg := config(t, c)
	cfg.Pools = []string{"web", "db", "web"}
	agent := newAgent(t, cfg)
	require.NoError(t, agent.RunOnce(t.Context()))
	assert.Equal(t, map[string]int{"Instances": 1, "Pool": 2}, c.calls, "each pool is read once, at the start")
	require.NoError(t, agent.RunOnce(t.Context()))
	c.grow("db", "192.0.2.4")
	require.NoError(t, agent.RunOnce(t.Context()))
	assert.Equal(t, map[string]int{"Instances": 3, "Pool": 2}, c.calls)
	assert.Equal(t, `[{"targets":["192.0.2.1:9100","192.0.2.2:9100","192.0.2.3:9100","192.0.2.4:9100"],"labels":{}}]`+"\n", read(t, cfg.File))
}

func TestOrderOfTheListDoesNotMatter(t *testing.T) {
	c := newCloud().grow("web", "192.0.2.4", "192.0.2.3", "192.0.2.2", "192.0.2.1", "192.0.2.2", "")
	cfg := config(t, c)
	cfg.Labels = true
	agent := newAgent(t, cfg)
	require.NoError(t, agent.RunOnce(t.Context()))
	first, err := os.Stat(cfg.File)
	require.NoError(t, err)
	for range 20 {
		rand.Shuffle(len(c.members), func(i, j int) { c.members[i], c.members[j] = c.members[j], c.members[i] })
		require.NoError(t, agent.RunOnce(t.Context()))
		now, err := os.Stat(cfg.File)
		require.NoError(t, err)
		require.True(t, os.SameFile(first, now), "the same targets do not touch the file")
	}
}

func TestFailureKeepsTheFile(t *testing.T) {
	boom := errors.New("boom")
	for name, c := range map[string]struct {
		labels bool
		spoil  func(*cloud)
		reason string
	}{
		"members cannot be listed":        {false, func(c *cloud) { c.fail("Instances", boom) }, "list"},
		"list is empty, pool is gone":     {false, func(c *cloud) { c.empty(0); clear(c.pools) }, "pool-not-found"},
		"list is empty, pool has members": {false, func(c *cloud) { c.empty(2) }, "inconsistent"},
		"list is empty, pool unreadable":  {false, func(c *cloud) { c.empty(0); c.fail("Pool", boom) }, "pool"},
		"pool unreadable, labels on":      {true, func(c *cloud) { c.fail("Pool", boom) }, "pool"},
		"balancers unreadable, labels on": {true, func(c *cloud) { c.fail("Backends", boom) }, "backends"},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := newCloud().grow("web", "192.0.2.1", "192.0.2.2")
			reg := prometheus.NewPedanticRegistry()
			cfg := config(t, cloud)
			cfg.Labels, cfg.Backends, cfg.Registerer = c.labels, cloud, reg
			agent := newAgent(t, cfg)
			require.NoError(t, agent.RunOnce(t.Context()))
			before := read(t, cfg.File)

			cloud.grow("web", "192.0.2.3") // there is news that must not come through in part
			c.spoil(cloud)
			require.Error(t, agent.RunOnce(t.Context()))
			assert.Equal(t, before, read(t, cfg.File))
			assert.Equal(t, before, get(t, agent.Handler(reg), "/targets").Body.String())
			assert.InDelta(t, 1, metric(t, reg, "exopool_discovery_refresh_failures_total", c.reason), 0)
			onlyFile(t, cfg.File)
		})
	}
}

func TestFailureAtFirstWritesNoFile(t *testing.T) {
	cfg := config(t, newCloud()) // no such pool
	require.ErrorIs(t, newAgent(t, cfg).RunOnce(t.Context()), discovery.ErrPoolNotFound)
	assert.NoFileExists(t, cfg.File)
}

func TestConfirmedEmptyPoolEmptiesTheFile(t *testing.T) {
	c := newCloud().grow("web", "192.0.2.1")
	cfg := config(t, c)
	agent := newAgent(t, cfg)
	require.NoError(t, agent.RunOnce(t.Context()))
	c.empty(0)
	require.NoError(t, agent.RunOnce(t.Context()))
	assert.Equal(t, `[{"targets":[],"labels":{}}]`+"\n", read(t, cfg.File))
	assert.Equal(t, 2, c.count("Pool"), "at the start, and for this")
}

func TestSlowRefreshTimesOut(t *testing.T) {
	for name, wait := range map[string]func(context.Context){
		"lister obeys":   func(ctx context.Context) { <-ctx.Done() },
		"lister ignores": func(context.Context) { time.Sleep(time.Hour) }, // in the bubble
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCloud().grow("web", "192.0.2.1")
				reg := prometheus.NewPedanticRegistry()
				cfg := config(t, c)
				cfg.Timeout, cfg.Registerer = 20*time.Second, reg
				agent := newAgent(t, cfg)
				require.NoError(t, agent.RunOnce(t.Context()))
				before := read(t, cfg.File)

				c.grow("web", "192.0.2.2")
				c.hook = func(ctx context.Context, _ string) { wait(ctx) }
				require.Error(t, agent.RunOnce(t.Context()))
				assert.Equal(t, before, read(t, cfg.File))
				assert.InDelta(t, 1, metric(t, reg, "exopool_discovery_refresh_failures_total", "timeout"), 0)
			})
		})
	}
}

func TestStoppingIsNoFailure(t *testing.T) {
	c := newCloud().grow("web", "192.0.2.1")
	reg := prometheus.NewPedanticRegistry()
	cfg := config(t, c)
	cfg.Registerer = reg
	ctx, cancel := context.WithCancel(t.Context())
	c.hook = func(context.Context, string) { cancel() }
	require.ErrorIs(t, newAgent(t, cfg).RunOnce(ctx), context.Canceled)
	assert.InDelta(t, 0, metric(t, reg, "exopool_discovery_refresh_failures_total"), 0)
	assert.NoFileExists(t, cfg.File)
}

func TestPoolsByNameAreLookedUpOnce(t *testing.T) {
	c := newCloud().grow("id-1", "192.0.2.1")
	cfg := config(t, c)
	cfg.Pools, cfg.Resolver = []string{"the id-1"}, c
	agent := newAgent(t, cfg)
	require.NoError(t, agent.RunOnce(t.Context()))
	require.NoError(t, agent.RunOnce(t.Context()))
	assert.Equal(t, 1, c.count("ResolvePool"))

	// The pool is replaced by another one of the same name.
	c.empty(0)
	clear(c.pools)
	require.Error(t, agent.RunOnce(t.Context()))
	c.grow("id-2", "192.0.2.2")
	pool := c.pools["id-2"]
	pool.Name = "the id-1"
	c.pools["id-2"] = pool
	require.NoError(t, agent.RunOnce(t.Context()))
	assert.Equal(t, `[{"targets":["192.0.2.2:9100"],"labels":{}}]`+"\n", read(t, cfg.File))
}

func TestFaultsOfTheConfigurationAreReportedTogether(t *testing.T) {
	_, err := discovery.New(discovery.Config{Port: 70000, Interval: time.Hour, Timeout: -1})
	for _, want := range []string{"Lister is missing", "Pools is missing", "File is missing", "70000", "1h0m0s", "Timeout is -1ns"} {
		assert.ErrorContains(t, err, want)
	}
}

func TestUnusableDirectoryIsAnErrorAtTheStart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	cfg := config(t, newCloud())
	cfg.File = filepath.Join(file, "config.json")
	_, err := discovery.New(cfg)
	require.ErrorContains(t, err, "directory of the targets file")

	cfg.File = filepath.Dir(file)
	_, err = discovery.New(cfg)
	require.ErrorContains(t, err, "not a regular file")
}

func TestMetricsTwiceInOneRegistryIsAnError(t *testing.T) {
	cfg := config(t, newCloud())
	cfg.Registerer = prometheus.NewPedanticRegistry()
	newAgent(t, cfg)
	_, err := discovery.New(cfg)
	require.Error(t, err)
}
