package fakecloud_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/machine/process"
)

// What clients see of a pool that shrinks from three members to one. Only the
// lenient removal costs no request: without draining, nobody else can promise
// that.
func TestRequestsLostWhenAPoolShrinks(t *testing.T) {
	for _, test := range []struct {
		name    string
		removal exoapi.Removal
		faults  []string
		loses   bool
	}{
		{"the worst case", exoapi.Removal{}, nil, true},
		{"the balancer knows at once", exoapi.Removal{BalancerDelay: -1}, nil, true},
		{"the balancer tries others", exoapi.Removal{BalancerAttempts: 10}, nil, true},
		{"members may finish", exoapi.Removal{Grace: 2 * time.Second}, nil, true},
		{"lenient", exoapi.LenientRemoval(), nil, false},
		{"lenient, but members are killed", exoapi.LenientRemoval(), []string{exoapi.FaultMemberKilled}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			requests := load{takes: 200 * time.Millisecond, period: 220 * time.Millisecond}
			cloud, pool := serving(t, 3, fakecloud.Config{Speed: 20, Removal: test.removal, Machines: processes(requests)})
			for _, name := range test.faults {
				_, err := cloud.API().Faults().Add(exoapi.Fault{Name: name})
				require.NoError(t, err)
			}
			keeping, others := startClients(t, cloud, requests, true), startClients(t, cloud, requests, false)
			awaitRounds(t, 2, keeping, others)
			for _, size := range []int{2, 1} {
				require.NoError(t, cloud.API().SetPoolSize(pool, size))
				require.Eventually(t, func() bool { return cloud.API().Pools()[0].State == "running" }, time.Minute, 10*time.Millisecond)
				awaitRounds(t, 5, keeping, others)
			}
			assert.Equal(t, test.loses, countLost(t, keeping, others) > 0)
		})
	}
}

// processes returns machines whose requests take what the load says.
func processes(requests load) fakecloud.Machines {
	return fakecloud.Processes(process.Config{Share: 1, Work: time.Microsecond, Wait: requests.takes})
}

// serving returns a cloud with a pool of healthy members behind a load balancer,
// and the pool's id.
func serving(t *testing.T, size int, cfg fakecloud.Config) (*fakecloud.Cloud, string) {
	t.Helper()
	cloud, _ := start(t, cfg)
	pool, err := cloud.CreatePool(t.Context(), fakecloud.Pool{Name: "web", Size: size})
	require.NoError(t, err)
	_, err = cloud.CreateBalancer(t.Context(), fakecloud.Service{Name: "web", Pool: pool, Port: 80, TargetPort: process.LoadPort})
	require.NoError(t, err)
	awaitHealthy(t, cloud, size)
	return cloud, pool
}

// awaitHealthy waits until the load balancer calls as many members healthy.
func awaitHealthy(t *testing.T, cloud *fakecloud.Cloud, want int) {
	t.Helper()
	require.Eventually(t, func() bool {
		healthy := 0
		for _, health := range cloud.API().Balancers()[0].Services[0].Health {
			if health == driverapi.HealthSuccess {
				healthy++
			}
		}
		return healthy == want
	}, time.Minute, time.Millisecond)
}
