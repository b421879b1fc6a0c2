package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/gruntwork-io/terratest/modules/terraform"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/internal/rehearsal/traffic"
	"github.com/exopool/exopool/promquery"
)

// The load of both policies. Each request keeps a member busy for ten seconds, so
// that clients who send one in a hundred seconds keep a tenth of a member busy each.
const (
	hillClients = 28 // at most: 2.8 members busy, which are 3.5 at the objective
	hillPeriod  = 100 * time.Second

	hillRise, hillTop, hillFall = 4 * time.Minute, 4 * time.Minute, 8 * time.Minute
	// hillEnd is enough for step, which drains and evicts one after the other.
	hillEnd    = 9 * time.Minute
	hillLength = hillRise + hillTop + hillFall + hillEnd

	cpuHigh = 80.0 // percent, above which members have too much to do
)

// hill returns how many clients there are some time after the load began.
func hill(after time.Duration) int {
	share := 0.0
	switch falling := hillRise + hillTop; {
	case after < 0, after >= falling+hillFall:
	case after < hillRise:
		share = float64(after) / float64(hillRise)
	case after < falling:
		share = 1
	default:
		share = 1 - float64(after-falling)/float64(hillFall)
	}
	return int(hillClients*share + 0.5)
}

// A course is what a policy did on the hill.
type course struct {
	memberMinutes float64
	most, last    int // members
	mean          float64
	turns, above  int     // in all, and with an average CPU above the limit
	aboveShare    float64 // of the time
	sent, lost    int
}

func (c course) String() string {
	return fmt.Sprintf("%.1f member-minutes, %d members at most and %d at last; CPU %.0f %% as a mean, above %.0f %% in %d of %d turns and %.0f %% of the time; %d requests, %d lost",
		c.memberMinutes, c.most, c.last, c.mean, cpuHigh, c.above, c.turns, 100*c.aboveShare, c.sent, c.lost)
}

// TestFollowTakesLessThanStepOnMembersThatBoot installs the system with the policy
// follow, and once more with step, at the same time, and lets the same load rise and
// fall on both.
func TestFollowTakesLessThanStepOnMembersThatBoot(t *testing.T) {
	tools := open(t)
	networks := map[string]bootingNetwork{
		"follow": {prefix: "exopoolfol", addresses: "198.19.64.0/20", cpu: 0.1},
		"step":   {prefix: "exopoolste", addresses: "198.19.80.0/20", cpu: 0.1},
	}
	networks["follow"].config(t, slog.New(slog.DiscardHandler)) // skips
	packages := grafanaSource(t)
	courses := map[string]*course{"follow": {}, "step": {}}
	t.Run("policies", func(t *testing.T) {
		for policy, network := range networks {
			t.Run(policy, func(t *testing.T) {
				t.Parallel()
				*courses[policy] = climb(t, tools, network, packages, policy)
			})
		}
	})
	if t.Failed() {
		return // with courses that did not end
	}
	follow, step := courses["follow"], courses["step"]
	t.Logf("follow: %s", follow)
	t.Logf("step:   %s", step)
	for policy, c := range courses {
		assert.Equal(t, 1, c.last, "%s: back at the minimum", policy)
		assert.Zero(t, c.lost, "%s: requests are lost", policy)
		assert.Greater(t, c.most, 2, "%s: the pool follows the load", policy)
	}
	assert.Less(t, follow.memberMinutes, step.memberMinutes)
	assert.Less(t, follow.mean, cpuHigh)
	assert.Less(t, follow.aboveShare, step.aboveShare)
}

// climb installs the system with a policy, lets the load rise and fall, and says what
// came of it.
func climb(t *testing.T, tools toolchain, network bootingNetwork, packages *vendor, policy string) course {
	t.Helper()
	c, said := newBootingCloud(t, network, 1, packages.hosts())
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log of the cloud:\n%s", said)
		}
	})
	variables := map[string]any{"policy": policy, "maximum": 6, "monitoring_type": "standard.large"}
	if packages != nil {
		variables["grafana_major"] = grafanaMajor
	}
	key, secret := c.Credential()
	i := prepare(t, tools, key, secret, c.environ, variables)
	if packages != nil {
		packages.trust(t, i)
	}
	start := time.Now()
	terraform.Apply(t, i.options)
	await(t, settleTime, func() bool { return c.healthy(1) }, "the member is healthy")
	t.Logf("installed after %s", time.Since(start).Round(time.Second))
	m := newMonitor(t, c, i)
	await(t, settleTime, func() bool {
		points, err := m.average.History(t.Context(), time.Now().Add(-20*time.Second), time.Now(), 5*time.Second)
		return err == nil && len(points) > 2
	}, "the average CPU is known")

	load, err := traffic.New(traffic.Config{
		URL: c.application(t) + "/load", Period: hillPeriod, MaxClients: hillClients, Timeout: 2 * time.Minute,
	})
	require.NoError(t, err)
	background(t, load.Run)
	result := course{}
	result.memberMinutes, result.most, start = c.walk(t, load)
	result.last = c.members()
	load.Stop()
	await(t, settleTime, func() bool { return load.Stats().InFlight == 0 }, "the last requests end")
	result.sent, result.lost = load.Stats().Requests, load.Stats().Errors
	m.judge(t, &result, start)
	t.Logf("%s", result)
	assert.Empty(t, load.Stats().ErrorSamples)
	terraform.Destroy(t, i.options)
	return result
}

// walk lets the load rise and fall. It returns how many member-minutes that took, how
// many members there were at most, and when it began.
func (c *cloud) walk(t *testing.T, load *traffic.Generator) (memberMinutes float64, most int, start time.Time) {
	t.Helper()
	start = time.Now()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	before, last := start, 0
	for now := start; ; now = <-tick.C {
		members := c.members()
		memberMinutes += float64(members) * now.Sub(before).Minutes()
		most = max(most, members)
		if members != last {
			t.Logf("%5.0f s: %d members, %d clients", now.Sub(start).Seconds(), members, hill(now.Sub(start)))
		}
		before, last = now, members
		if now.Sub(start) >= hillLength {
			return memberMinutes, most, start
		}
		load.SetClients(hill(now.Sub(start)))
	}
}

// A monitor is what the monitoring machine says.
type monitor struct {
	average *promquery.Client
	inside  *http.Client // on that machine
}

func newMonitor(t *testing.T, c *cloud, i installation) monitor {
	t.Helper()
	for _, instance := range c.Instances() {
		if instance.PoolID != "" {
			continue
		}
		average, err := promquery.New(promquery.Config{
			URL: fmt.Sprintf("http://%v:9090", instance.Address), Query: `exopool:cpu:percent{job=""}`, Timeout: 30 * time.Second,
		})
		require.NoError(t, err)
		shell := i.login(t, instance)
		return monitor{average, &http.Client{
			Transport: &http.Transport{DialContext: shell.DialContext, DisableKeepAlives: true}, Timeout: 30 * time.Second,
		}}
	}
	require.Fail(t, "there is no monitoring machine")
	return monitor{}
}

// decisions returns those of the autoscaler since a time.
func (m monitor) decisions(t *testing.T, since time.Time) []autoscale.Decision {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:8090/decisions", http.NoBody)
	require.NoError(t, err)
	resp, err := m.inside.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode, string(body))
	var all, recent []autoscale.Decision
	require.NoError(t, json.Unmarshal(body, &all))
	for _, d := range all {
		if !d.Time.Before(since) {
			recent = append(recent, d)
		}
	}
	return recent
}

// judge says how busy the members were, by what their exporters say, and what the
// autoscaler decided.
func (m monitor) judge(t *testing.T, c *course, start time.Time) {
	t.Helper()
	points, err := m.average.History(t.Context(), start, start.Add(hillLength), time.Second)
	require.NoError(t, err)
	require.Greater(t, len(points), int(0.9*hillLength.Seconds()), "the average CPU was hardly ever known")
	sum, above := 0.0, 0
	for _, p := range points {
		sum += p.Value
		if p.Value > cpuHigh {
			above++
		}
	}
	c.mean, c.aboveShare = sum/float64(len(points)), float64(above)/float64(len(points))
	next := 0
	for _, d := range m.decisions(t, start) {
		for next < len(points)-1 && points[next].At.Before(d.Time) {
			next++
		}
		c.turns++
		if points[next].Value > cpuHigh {
			c.above++
		}
		t.Logf("%5.0f s: CPU %3.0f %%: %s", d.Time.Sub(start).Seconds(), points[next].Value, d.Explain())
	}
}
