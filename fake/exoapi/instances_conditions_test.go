package exoapi_test

import (
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	egoscale "github.com/exoscale/egoscale/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/machine/driverapi"
)

// An observer is a recorder whose machines do what the test says.
type observer struct {
	*recorder

	mu         sync.Mutex
	conditions map[string]driverapi.Condition
}

func (o *observer) Condition(id string) driverapi.Condition {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.conditions[id]
}

func (o *observer) set(id string, c driverapi.Condition) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.conditions[id] = c
}

func startObserved(t *testing.T) (*observer, *exoapi.Cloud, *egoscale.Client, *egoscale.Instance) {
	t.Helper()
	driver := &observer{recorder: newRecorder(), conditions: map[string]driverapi.Condition{}}
	cloud, client := start(t, exoapi.Config{Machines: driver})
	return driver, cloud, client, newInstance(t, client)
}

// state is the instance's after the driver was asked once more.
func state(t *testing.T, client *egoscale.Client, i *egoscale.Instance) string {
	t.Helper()
	time.Sleep(time.Second)
	got, err := client.GetInstance(t.Context(), zone, *i.ID)
	require.NoError(t, err)
	return *got.State
}

func TestErrorOfAMachinePutsItsInstanceIntoError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		driver, cloud, client, i := startObserved(t)
		require.Equal(t, "running", state(t, client, i))
		driver.set(*i.ID, driverapi.Condition{Err: errors.New("user-data failed: line 3")})
		assert.Equal(t, "error", state(t, client, i))
		assert.Equal(t, "user-data failed: line 3", cloud.Instances()[0].Error)

		_, secret := cloud.Credential()
		driver.set(*i.ID, driverapi.Condition{Err: errors.New("user-data failed: cannot log in with " + secret)})
		assert.Equal(t, "error", state(t, client, i))
		assert.Equal(t, "user-data failed: cannot log in with …", cloud.Instances()[0].Error)

		driver.set(*i.ID, driverapi.Condition{})
		assert.Equal(t, "error", state(t, client, i), "it takes a start to get out of it")
		require.NoError(t, client.RebootInstance(t.Context(), zone, i))
		assert.Equal(t, "running", state(t, client, i))
		assert.Empty(t, cloud.Instances()[0].Error)
	})
}

func TestMachineThatSwitchesItselfOffIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		driver, _, client, i := startObserved(t)
		driver.set(*i.ID, driverapi.Condition{Off: true})
		require.Equal(t, "stopped", state(t, client, i))
		driver.set(*i.ID, driverapi.Condition{})
		require.NoError(t, client.StartInstance(t.Context(), zone, i))
		assert.Equal(t, "running", state(t, client, i))
	})
}

// A killer is a driver that can take the power from machines that are on.
type killer struct {
	*recorder
	off bool
}

func (k *killer) Kill(id string) error {
	if k.off {
		return errors.New("it is off")
	}
	k.record("kill %s", k.machines[id].Address)
	return nil
}

func TestCrashIsALossOfPower(t *testing.T) {
	for name, test := range map[string]struct {
		driver func(*recorder) driverapi.Driver
		want   string
	}{
		"of a machine that is on":         {func(r *recorder) driverapi.Driver { return &killer{recorder: r} }, "kill"},
		"of one that boots soon":          {func(r *recorder) driverapi.Driver { return &killer{recorder: r, off: true} }, "stop"},
		"where the driver cannot do that": {func(r *recorder) driverapi.Driver { return r }, "stop"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRecorder()
				cloud, client := runDriven(t, exoapi.Config{Machines: test.driver(r)})
				pool := newPool(t, client, 1)
				member := instancesOf(t, client, *pool.ID)[0]
				r.take()
				require.NoError(t, cloud.FailMember(*member.ID))
				events := r.take()
				require.Len(t, events, 1)
				assert.Contains(t, events[0], test.want+" "+member.PublicIPAddress.String())
			})
		})
	}
}

func TestCrashThatWasAskedForIsNotAStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		driver, cloud, client, i := startObserved(t)
		require.NoError(t, cloud.FailMember(*i.ID))
		driver.set(*i.ID, driverapi.Condition{Off: true})
		assert.Equal(t, "running", state(t, client, i))
		driver.set(*i.ID, driverapi.Condition{Off: true, Err: errors.New("killed while it booted")})
		assert.Equal(t, "running", state(t, client, i))
	})
}

func TestResetGivesAStoppedInstanceANewDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		driver, cloud, client, i := startObserved(t)
		path := "/v2/instance/" + *i.ID
		refused := call(t, cloud, http.MethodPut, path+":reset", "{}")
		assert.Equal(t, http.StatusBadRequest, refused.status)
		assert.Equal(t, "The instance needs to be stopped.", refused.message())
		address := i.PublicIPAddress.String()
		driver.set(*i.ID, driverapi.Condition{Err: errors.New("broken")})
		require.Equal(t, "error", state(t, client, i))
		driver.set(*i.ID, driverapi.Condition{})
		require.NoError(t, client.StopInstance(t.Context(), zone, i))
		driver.take()
		require.NoError(t, client.ResetInstance(t.Context(), zone, i))
		assert.Equal(t, "stopped", state(t, client, i))
		require.NoError(t, client.StartInstance(t.Context(), zone, i))
		events := driver.take()
		require.Len(t, events, 2)
		assert.Contains(t, events[0], "destroy "+address)
		assert.Contains(t, events[1], "start "+address)
		assert.Equal(t, "running", state(t, client, i))
	})
}
