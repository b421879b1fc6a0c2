package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/gruntwork-io/terratest/modules/terraform"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/internal/rehearsal/traffic"
)

const (
	speed = 8 // of the world, against real time
	limit = 4 // maximum size: what 10 clients need, and one more
)

func TestInstallationScalesAndLeavesNothing(t *testing.T) {
	tools := open(t)
	t.Logf("the world runs %d times as fast as the real one: a minute lasts %s", speed, scaled(time.Minute))
	c := newCloud(t, speed, true)
	before := c.inventory(t)
	i := newInstallation(t, tools, c)

	destroyed := false
	defer func() {
		if !destroyed { // a failed stage must not leave anything either
			stage(t, "destroy", func() { _, _ = terraform.DestroyE(t, i.options) })
		}
	}()
	stage(t, "apply", func() {
		start := time.Now()
		terraform.Apply(t, i.options)
		assert.Less(t, time.Since(start), 3*time.Minute)
	})
	stage(t, "verify", func() {
		await(t, scaled(5*time.Minute), func() bool { return c.healthy(1) }, "all backends are healthy")
		verify(t, c)
		i.unchanged(t)
	})
	if len(c.Pools()) == 0 {
		return // apply was left out
	}
	s := start(t, c, i)
	clients, err := traffic.New(traffic.Config{URL: c.application(t) + "/load", Period: 450 * time.Millisecond, MaxClients: 10})
	require.NoError(t, err)
	background(t, clients.Run)
	stage(t, "load", func() { grow(t, c, s, clients, i) })
	stage(t, "scale", func() {
		clients.SetClients(0)
		took := await(t, scaled(30*time.Minute), func() bool { return c.Pools()[0].Size == 1 && c.healthy(1) }, "the pool shrinks to its minimum")
		t.Logf("back at the minimum %s after the load ended", took)
		i.unchanged(t)
	})
	stage(t, "destroy", func() {
		destroyed = true
		i.destroy(t, c, before)
	})
}

// verify judges what was made, by what the cloud says and by what answers.
func verify(t *testing.T, c *cloud) {
	t.Helper()
	require.Len(t, c.Pools(), 1)
	require.Len(t, c.Balancers(), 1)
	require.Len(t, c.Balancers()[0].Services, 1)
	service := c.Balancers()[0].Services[0]
	assert.Equal(t, c.Pools()[0].ID, service.PoolID)
	assert.Equal(t, []int{80, 8080}, []int{service.Port, service.TargetPort})
	var balancer struct {
		Services []struct {
			Healthcheck struct{ Mode, URI string }
		}
	}
	require.NoError(t, c.Call(t.Context(), http.MethodGet, "/v2/load-balancer/"+c.Balancers()[0].ID, nil, &balancer))
	assert.Equal(t, "http", balancer.Services[0].Healthcheck.Mode)
	assert.Equal(t, "/health", balancer.Services[0].Healthcheck.URI)

	outside := 0
	for _, instance := range c.Instances() {
		if instance.PoolID == "" {
			outside++
		}
	}
	assert.Equal(t, 1, outside, "the monitoring machine is the only instance outside the pool")
	assert.ElementsMatch(t, []string{
		"members 8080 from 0.0.0.0/0", "members 9100 from monitoring", "members 9101 from monitoring",
		"monitoring 22 from 0.0.0.0/0", "monitoring 3000 from 0.0.0.0/0", "monitoring 9090 from 0.0.0.0/0",
	}, c.openings(t))

	status, body := fetch(t, c.application(t)+"/health")
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "OK", body)
}

// grow loads the application until there are members enough.
func grow(t *testing.T, c *cloud, s system, clients *traffic.Generator, i installation) {
	t.Helper()
	await(t, scaled(5*time.Minute), func() bool {
		_, known, err := s.monitor.Average(t.Context())
		return err == nil && known
	}, "Prometheus sees the member")
	clients.SetClients(10)
	took := await(t, scaled(300*time.Second), func() bool { return c.members() >= 2 }, "a second member within 300 s")
	t.Logf("second member %s after the load began, that is %s of the real world", took, took*speed)

	// A new member is idle at first and makes the average look better than it
	// is: it has to stay below for longer than window and alert take.
	var since time.Time
	took = await(t, scaled(20*time.Minute), func() bool {
		average, known, err := s.monitor.Average(t.Context())
		size := c.Pools()[0].Size
		if err != nil || !known || average >= 80 || size < 2 || !c.healthy(size) {
			since = time.Time{}
			return false
		}
		if since.IsZero() {
			since = time.Now()
		}
		return time.Since(since) >= scaled(3*time.Minute)
	}, "members are added until the average stays below 80 %")
	average, _, err := s.monitor.Average(t.Context())
	require.NoError(t, err)
	t.Logf("average %.0f %% with %d members after another %s; %d requests, %d errors", average, c.Pools()[0].Size, took,
		clients.Stats().Requests, clients.Stats().Errors)
	assert.Zero(t, clients.Stats().Errors)
	assert.Contains(t, c.Pools()[0].State, "running")
	i.unchanged(t) // though the pool has another size than Terraform gave it
	assert.Equal(t, driverapi.HealthSuccess, c.Balancers()[0].Services[0].Health[c.Pools()[0].Members[0]])
}
