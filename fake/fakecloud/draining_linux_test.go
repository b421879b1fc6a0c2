package fakecloud_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/drain"
	"github.com/exopool/exopool/exoscale"
	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/fake/machine/process"
)

// A trial is what clients see of an autoscaler that evicts members, under the
// harshest removal that there is.
type trial struct {
	change   change
	requests load
	drains   bool
	speed    float64       // of the cloud
	interval time.Duration // of turns
}

// A change is what an autoscaler does to a pool of three members.
type change struct {
	name string
	make func(t *testing.T, cloud *fakecloud.Cloud, loop *autoscale.Loop)
}

// trials returns all changes under each load, without draining and with it.
func trials(speed float64, interval time.Duration, loads ...load) (list []trial) {
	for _, change := range []change{{"three members become one", shrink}, {"three members are replaced", replace}} {
		for _, requests := range loads {
			for _, drains := range []bool{false, true} {
				list = append(list, trial{change, requests, drains, speed, interval})
			}
		}
	}
	return list
}

// shrink repeats what an alert says until one member is left.
func shrink(t *testing.T, cloud *fakecloud.Cloud, loop *autoscale.Loop) {
	t.Helper()
	require.Eventually(t, func() bool {
		loop.Record(t.Context(), autoscale.Down)
		return cloud.API().Pools()[0].Size == 1
	}, 2*time.Minute, 100*time.Millisecond)
}

// replace gives the pool other user-data, and waits until no member is left that
// was made with what it had before.
func replace(t *testing.T, cloud *fakecloud.Cloud, loop *autoscale.Loop) {
	t.Helper()
	before := cloud.API().Pools()[0]
	_, err := cloud.API().Do(t.Context(), http.MethodPut, "/v2/instance-pool/"+before.ID, map[string]string{"user-data": "I2Nsb3VkLWNvbmZpZwo="})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		now := cloud.API().Pools()[0]
		old := slices.ContainsFunc(now.Members, func(id string) bool { return slices.Contains(before.Members, id) })
		return !old && now.Size == len(before.Members) && len(now.Members) == now.Size && lastOf(loop).RollingChange == ""
	}, 2*time.Minute, 10*time.Millisecond)
}

// lastOf returns the decision of the last turn.
func lastOf(loop *autoscale.Loop) autoscale.Decision {
	decisions := loop.Decisions()
	if len(decisions) == 0 {
		return autoscale.Decision{}
	}
	return decisions[len(decisions)-1]
}

func (tr trial) String() string {
	draining := map[bool]string{false: "without", true: "with"}
	return fmt.Sprintf("%s, requests of %s, %s draining", tr.change.name, tr.requests.takes, draining[tr.drains])
}

func (tr trial) run(t *testing.T) (keeping, others *clients) {
	t.Helper()
	cloud, pool := serving(t, 3, fakecloud.Config{Speed: tr.speed, Machines: processes(tr.requests)})
	loop := tr.startLoop(t, cloud, pool)
	keeping, others = startClients(t, cloud, tr.requests, true), startClients(t, cloud, tr.requests, false)
	awaitRounds(t, 2, keeping, others)
	tr.change.make(t, cloud, loop)
	awaitRounds(t, 1, keeping, others)
	assert.Equal(t, !tr.drains, countLost(t, keeping, others) > 0)
	return keeping, others
}

// startLoop starts an autoscaler, and returns when it knows that all members
// serve.
func (tr trial) startLoop(t *testing.T, cloud *fakecloud.Cloud, pool string) *autoscale.Loop {
	t.Helper()
	client := newClient(t, cloud)
	cfg := autoscale.Config{
		Pool: client.Pool(pool), PoolName: "web", Min: 1, Max: 3, Interval: tr.interval, RollingChange: true,
		DrainTimeout: 2 * time.Minute, StopAfter: tr.interval,
	}
	if tr.drains {
		var err error
		cfg.Drainer, err = drain.New(drain.Config{
			Checks: client.HealthCheckSources, Port: cloud.PortFor(process.DrainPort), Lease: time.Minute,
		})
		require.NoError(t, err)
	}
	loop, err := autoscale.New(cfg)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- loop.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		assert.NoError(t, <-ended)
	})
	require.Eventually(t, func() bool { return lastOf(loop).Conditions.Serving == 3 }, time.Minute, 10*time.Millisecond)
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

func TestRequestsLostWhenAnAutoscalerEvicts(t *testing.T) {
	for _, trial := range trials(50, 500*time.Millisecond, load{takes: 500 * time.Millisecond, period: 550 * time.Millisecond}) {
		t.Run(trial.String(), func(t *testing.T) {
			t.Parallel()
			trial.run(t)
		})
	}
}

// The table of docs/members.md.
func TestTableOfRequestsLost(t *testing.T) {
	if os.Getenv("EXOPOOL_REQUESTS") != "1" {
		t.Skip("set EXOPOOL_REQUESTS=1 to count lost requests of 10 s, which takes 2 minutes")
	}
	all := trials(10, time.Second,
		load{takes: 10 * time.Millisecond, period: 200 * time.Millisecond},
		load{takes: 10 * time.Second, period: 11 * time.Second},
	)
	lost := make([]string, len(all))
	t.Run("trial", func(t *testing.T) {
		for i, trial := range all {
			t.Run(trial.String(), func(t *testing.T) {
				t.Parallel()
				keeping, others := trial.run(t)
				lost[i] = fmt.Sprintf("%s, %s", keeping, others)
			})
		}
	})
	var table strings.Builder
	table.WriteString("lost on connections that are kept, and on others:\n| | requests of | without draining | with draining |\n|---|---|---|---|")
	for i := 0; i < len(all); i += 2 {
		fmt.Fprintf(&table, "\n| %s | %s | %s | %s |", all[i].change.name, all[i].requests.takes, lost[i], lost[i+1])
	}
	t.Log(table.String())
}
