package exoapi_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/machine/driverapi"
)

func newObserver() *observer {
	return &observer{recorder: newRecorder(), conditions: map[string]driverapi.Condition{}}
}

// What machines do by themselves is not in the calls, and decides which calls are
// possible.
func TestLoadedInstancesAreWhatTheirMachinesMadeOfThem(t *testing.T) {
	t.Parallel()
	for name, timing := range map[string]exoapi.Timing{"slow": {}, "instant": {Instant: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				driver, kept := newObserver(), &record{}
				cloud := newCloud(t, exoapi.Config{Machines: driver, Recorder: kept, Timing: timing})
				pass := func(d time.Duration) {
					time.Sleep(d)
					call(t, cloud, http.MethodGet, "/v2/zone", "")
				}
				client := newClient(t, cloud)
				first := newInstance(t, client)
				pass(time.Minute)
				driver.set(*first.ID, driverapi.Condition{Off: true})
				pass(2 * time.Second)
				driver.set(*first.ID, driverapi.Condition{})
				require.Equal(t, 200, call(t, cloud, http.MethodPut, "/v2/instance/"+*first.ID+":start", "{}").status)
				pass(time.Minute)
				driver.set(*first.ID, driverapi.Condition{Err: errors.New("user-data failed")})
				pass(2 * time.Second)
				require.Equal(t, "error", cloud.Instances()[0].State)
				driver.broken = true
				require.Equal(t, 200, call(t, cloud, http.MethodPost, "/v2/instance-pool", fmt.Sprintf(
					`{"name": "web", "size": 1, "disk-size": 10, "instance-type": {"id": %q}, "template": {"id": %q}}`,
					microID, *first.TemplateID)).status)
				pass(time.Minute)
				driver.broken = false
				require.Equal(t, 200, call(t, cloud, http.MethodPut, "/v2/instance/"+cloud.Instances()[1].ID+":reboot", "{}").status)
				pass(time.Minute)
				driver.set(cloud.Instances()[1].ID, driverapi.Condition{Off: true})
				pass(2 * time.Second)

				state := save(t, cloud)
				assert.Equal(t, string(state), string(kept.text))
				second, keptAgain := newObserver(), &record{}
				loaded := newCloud(t, exoapi.Config{Machines: second, Saved: state, Recorder: keptAgain, Timing: timing})
				assert.Equal(t, visible(t, cloud), visible(t, loaded))
				assert.Equal(t, cloud.Instances(), loaded.Instances())
				assert.Equal(t, string(state), string(keptAgain.text))
				assert.NotContains(t, second.machines, cloud.Instances()[1].ID, "it has stopped itself")
			})
		})
	}
}

func TestMachinesThatDoNotStartAfterALoadAreInError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := newCloud(t, exoapi.Config{Machines: newRecorder(), KeepChanges: true})
		newInstance(t, newClient(t, cloud))
		call(t, cloud, http.MethodPost, "/v2/load-balancer", `{"name": "web"}`)
		time.Sleep(time.Minute)
		driver, kept := newRecorder(), &record{}
		driver.broken, driver.unlinked = true, true
		loaded := newCloud(t, exoapi.Config{Machines: driver, Saved: save(t, cloud), Recorder: kept})
		assert.Equal(t, "error", loaded.Instances()[0].State)
		assert.Equal(t, "error", loaded.Balancers()[0].State)
		state := save(t, loaded)
		assert.Equal(t, string(state), string(kept.text))
		time.Sleep(time.Minute)
		require.Equal(t, 200, call(t, loaded, http.MethodPut, "/v2/instance/"+loaded.Instances()[0].ID+":stop", "{}").status)
		again := newCloud(t, exoapi.Config{Machines: newRecorder(), Saved: save(t, loaded)})
		assert.Equal(t, loaded.Instances(), again.Instances())
	})
}
