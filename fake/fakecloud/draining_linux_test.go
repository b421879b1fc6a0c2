package fakecloud_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/drain"
	"github.com/exopool/exopool/exoscale"
	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/fake/machine/process"
)

// What clients see of an autoscaler that shrinks a pool from three members to one,
// under the harshest removal that there is.
func TestRequestsLostWhenAnAutoscalerShrinksAPool(t *testing.T) {
	for _, test := range []struct {
		name   string
		work   time.Duration
		drains bool
	}{
		{"short requests, without draining", 10 * time.Millisecond, false},
		{"short requests, with draining", 10 * time.Millisecond, true},
		{"long requests, without draining", 100 * time.Millisecond, false},
		{"long requests, with draining", 100 * time.Millisecond, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			cloud, pool := serving(t, 3, exoapi.Removal{}, processes(test.work))
			loop := shrinkingLoop(t, cloud, pool, test.drains)
			keeping, others := startClients(t, cloud, true), startClients(t, cloud, false)
			keeping.awaitMore(t, 20)
			others.awaitMore(t, 20)
			for cloud.API().Pools()[0].Size > 1 {
				loop.Record(t.Context(), autoscale.Down)
				if d := loop.RunOnce(t.Context()); d.Reason == autoscale.ReasonDraining {
					awaitTurn(t)
				}
			}
			keeping.awaitMore(t, 20)
			others.awaitMore(t, 20)
			assert.Equal(t, !test.drains, countLost(t, keeping, others) > 0)
		})
	}
}

// turn is how long the autoscaler waits between two turns.
const turn = 300 * time.Millisecond

func awaitTurn(t *testing.T) {
	t.Helper()
	select {
	case <-t.Context().Done():
	case <-time.After(turn):
	}
}

// shrinkingLoop returns an autoscaler whose turns the test takes.
func shrinkingLoop(t *testing.T, cloud *fakecloud.Cloud, pool string, drains bool) *autoscale.Loop {
	t.Helper()
	client := newClient(t, cloud)
	cfg := autoscale.Config{
		Pool: client.Pool(pool), PoolName: "web", Min: 1, Max: 3, Interval: turn, Timeout: turn - time.Millisecond,
		DrainTimeout: time.Minute, StopAfter: turn,
	}
	if drains {
		var err error
		cfg.Drainer, err = drain.New(drain.Config{
			Checks: client.HealthCheckSources, Port: cloud.PortFor(process.DrainPort), Lease: time.Minute,
		})
		require.NoError(t, err)
	}
	loop, err := autoscale.New(cfg)
	require.NoError(t, err)
	require.Eventually(t, func() bool { // until it knows that all serve
		return loop.RunOnce(context.WithoutCancel(t.Context())).Conditions.Serving == 3
	}, time.Minute, turn)
	return loop
}

// newClient returns a client of the cloud, as our programs have it.
func newClient(t *testing.T, cloud *fakecloud.Cloud) *exoscale.Client {
	t.Helper()
	connection := cloud.Connection()
	client, err := exoscale.New(exoscale.Config{
		Key: connection.Key, Secret: connection.Secret, Zone: connection.Zone, Endpoint: connection.APIEndpoint(), PollInterval: 10 * time.Millisecond,
	})
	require.NoError(t, err)
	return client
}
