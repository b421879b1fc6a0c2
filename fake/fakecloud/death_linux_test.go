package fakecloud_test

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/fake"
	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/machine/process"
)

// What clients see of a pool of two, of which the newest has died, when one fewer
// is asked for.
func TestRequestsLostWhenAPoolWithADeadMemberShrinks(t *testing.T) {
	for _, test := range []struct {
		name   string
		shrink func(*testing.T, *fakecloud.Cloud, *autoscale.Loop)
		loses  bool
	}{
		{"the cloud chooses who goes", func(t *testing.T, cloud *fakecloud.Cloud, _ *autoscale.Loop) {
			t.Helper()
			require.NoError(t, cloud.API().SetPoolSize(cloud.API().Pools()[0].ID, 1))
		}, true},
		{"the autoscaler chooses", func(t *testing.T, _ *fakecloud.Cloud, loop *autoscale.Loop) {
			t.Helper()
			loop.Record(t.Context(), autoscale.Down)
			d := loop.RunOnce(t.Context())
			assert.Equal(t, autoscale.ReasonStepDown, d.Reason, d.Error)
			require.Len(t, d.Victims, 1)
			assert.Equal(t, "unhealthy", d.Victims[0].Why)
		}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			requests := load{takes: 10 * time.Millisecond, period: 200 * time.Millisecond}
			cloud, loop, _ := withDeadMember(t, 1, requests)
			keeping, others := startClients(t, cloud, requests, true), startClients(t, cloud, requests, false)
			awaitRounds(t, 2, keeping, others)
			test.shrink(t, cloud, loop)
			awaitRounds(t, 1, keeping, others)
			assert.Equal(t, test.loses, countLost(t, keeping, others) > 0)
			require.Len(t, cloud.API().Pools()[0].Members, 1)
		})
	}
}

func TestDeadMemberIsReplaced(t *testing.T) {
	requests := load{takes: 10 * time.Millisecond, period: 200 * time.Millisecond}
	cloud, loop, clock := withDeadMember(t, 2, requests)
	healthy, dead := cloud.API().Pools()[0].Members[0], cloud.API().Pools()[0].Members[1]
	keeping, others := startClients(t, cloud, requests, true), startClients(t, cloud, requests, false)
	repairAfter, interval := autoscale.DefaultConfig().RepairAfter, autoscale.DefaultConfig().Interval
	for waited := time.Duration(0); waited < repairAfter; waited += interval {
		d := loop.RunOnce(t.Context())
		require.Equal(t, autoscale.ReasonNoDemand, d.Reason, "after %s: %s", waited, d.Error)
		require.Equal(t, 1, d.Conditions.Unhealthy)
		clock.Advance(interval)
	}
	d := loop.RunOnce(t.Context())
	require.Equal(t, autoscale.ReasonRepair, d.Reason, d.Error)
	require.Len(t, d.Victims, 1)
	require.Equal(t, dead, d.Victims[0].ID)

	clock.Advance(interval)
	d = loop.RunOnce(t.Context())
	require.Equal(t, autoscale.ReasonBelowMinimum, d.Reason, d.Error)
	require.Equal(t, 2, d.To)
	awaitHealthy(t, cloud, 2)
	clock.Advance(interval)
	d = loop.RunOnce(t.Context())
	assert.Equal(t, 2, d.Conditions.Serving, "the pool is whole again")
	members := cloud.API().Pools()[0].Members
	require.Len(t, members, 2)
	assert.Equal(t, healthy, members[0])
	assert.NotEqual(t, dead, members[1])
	awaitRounds(t, 2, keeping, others)
	assert.Zero(t, countLost(t, keeping, others))
	i := slices.IndexFunc(cloud.API().Instances(), func(i exoapi.InstanceInfo) bool { return i.ID == members[1] })
	at := netip.AddrPortFrom(cloud.API().Instances()[i].Address, uint16(cloud.PortFor(process.LoadPort)))
	assert.NoError(t, get(t.Context(), http.DefaultClient, "http://"+at.String()+"/load"), "the new member serves")
}

// withDeadMember returns a pool of two healthy members of which the newest has been
// killed, which the load balancer has noticed, and its autoscaler.
func withDeadMember(t *testing.T, minimum int, requests load) (*fakecloud.Cloud, *autoscale.Loop, *fake.Clock) {
	t.Helper()
	var members *process.Driver
	cloud, pool := serving(t, 2, fakecloud.Config{Speed: 50, Machines: func(ctx context.Context, from fakecloud.DriverConfig) (fakecloud.Driver, error) {
		driver, err := processes(requests)(ctx, from)
		members, _ = driver.(*process.Driver)
		return driver, err
	}})
	clock := fake.NewClock(time.Unix(0, 0)) // before all members were made
	loop, err := autoscale.New(autoscale.Config{Pool: newClient(t, cloud).Pool(pool), PoolName: "web", Min: minimum, Max: 3, Clock: clock})
	require.NoError(t, err)
	require.Equal(t, 2, loop.RunOnce(t.Context()).Conditions.Serving)
	newest := cloud.API().Pools()[0].Members[1]
	pid, ok := members.PID(newest)
	require.True(t, ok)
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	require.Eventually(t, func() bool {
		return cloud.API().Balancers()[0].Services[0].Health[newest] == driverapi.HealthFailure
	}, time.Minute, time.Millisecond)
	return cloud, loop, clock
}
