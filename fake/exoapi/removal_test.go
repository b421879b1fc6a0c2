package exoapi_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/machine/driverapi"
)

func TestRemovalDecidesWhatMachinesAndLoadBalancersAreTold(t *testing.T) {
	killed := exoapi.Fault{Name: exoapi.FaultMemberKilled, Operation: scale}
	late := exoapi.Fault{Name: exoapi.FaultBalancerLate, Operation: scale, Duration: time.Minute}
	lateForEver := exoapi.Fault{Name: exoapi.FaultBalancerLate}
	once := exoapi.Fault{Name: exoapi.FaultBalancerOneAttempt, Operation: scale, Count: 1}
	elsewhere := exoapi.Fault{Name: exoapi.FaultMemberKilled, Operation: "delete-instance"}
	atOnce := []string{"24s balance 1 [127.9.0.2]", "24s destroy 127.9.0.1"}
	lenient := []string{"24s balance 1 [127.9.0.2]", "24s stop 127.9.0.1", "29s destroy 127.9.0.1"}
	for name, test := range map[string]struct {
		removal  exoapi.Removal
		faults   []exoapi.Fault
		events   []string
		attempts int
		delay    time.Duration
	}{
		"the worst case, by default": {exoapi.Removal{}, nil, atOnce, 0, driverapi.UntilUnhealthy},
		"lenient":                    {exoapi.LenientRemoval(), nil, lenient, 10, 0},
		"a delay":                    {exoapi.Removal{BalancerDelay: time.Second}, nil, atOnce, 0, time.Second},
		"a grace that outlasts the destruction": {
			exoapi.Removal{Grace: 8 * time.Second},
			nil,
			[]string{"24s balance 1 [127.9.0.2]", "24s stop 127.9.0.1", "32s destroy 127.9.0.1"},
			0, driverapi.UntilUnhealthy,
		},
		"lenient, but members are killed":   {exoapi.LenientRemoval(), []exoapi.Fault{killed}, atOnce, 10, 0},
		"lenient, but the balancer is late": {exoapi.LenientRemoval(), []exoapi.Fault{late}, lenient, 10, time.Minute},
		"lenient, but the balancer learns by its checks alone": {
			exoapi.LenientRemoval(), []exoapi.Fault{lateForEver}, lenient, 10, driverapi.UntilUnhealthy,
		},
		"lenient, but the balancer tries one member": {exoapi.LenientRemoval(), []exoapi.Fault{once}, lenient, 1, 0},
		"a fault of another operation":               {exoapi.LenientRemoval(), []exoapi.Fault{elsewhere}, lenient, 10, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				driver := newRecorder()
				cloud, client := runDriven(t, exoapi.Config{Machines: driver, Removal: test.removal})
				pool := newPool(t, client, 2)
				newService(t, client, pool)
				driver.take()
				for _, fault := range test.faults {
					inject(t, cloud, fault)
				}
				require.Equal(t, 200, call(t, cloud, http.MethodPut, "/v2/instance-pool/"+*pool.ID+":scale", `{"size":1}`).status)
				synctest.Wait()
				assert.Equal(t, test.delay, driver.balanced.Services[0].Delay)
				assert.Equal(t, test.attempts, driver.balanced.Services[0].Attempts)
				wait := max(5*time.Second, test.removal.Grace)
				time.Sleep(wait - 1)
				assert.Len(t, cloud.Instances(), 2)
				time.Sleep(time.Nanosecond)
				synctest.Wait()
				assert.Len(t, cloud.Instances(), 1)
				assert.Equal(t, test.events, driver.take())
				cloud.Faults().Clear()
				require.NoError(t, client.ScaleInstancePool(t.Context(), zone, pool, 2))
				if test.removal.BalancerDelay < 0 {
					assert.Zero(t, driver.balanced.Services[0].Delay, "the fault is over")
					assert.Equal(t, test.removal.BalancerAttempts, driver.balanced.Services[0].Attempts, "the fault is over")
				}
			})
		})
	}
}

func TestWrongRemovalsAreRefused(t *testing.T) {
	_, err := exoapi.New(exoapi.Config{Removal: exoapi.Removal{Grace: -1, BalancerAttempts: -1}})
	require.ErrorContains(t, err, "grace -1ns of a removal is negative")
	assert.ErrorContains(t, err, "-1 attempts of a load balancer are negative")
}

func TestDriverIsToldWhichMembersAreNeverHealthy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		driver := newRecorder()
		cloud, client := startDriven(t, driver)
		pool := newPool(t, client, 1)
		newService(t, client, pool)
		inject(t, cloud, exoapi.Fault{Name: exoapi.FaultMemberNeverHealthy, Count: 1})
		require.NoError(t, client.ScaleInstancePool(t.Context(), zone, pool, 2))
		targets := driver.balanced.Services[0].Targets
		require.Len(t, targets, 2)
		assert.False(t, targets[0].Unhealthy)
		assert.True(t, targets[1].Unhealthy)
	})
}
