package nspawn_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"testing"
	"time"

	egoscale "github.com/exoscale/egoscale/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/machine/nspawn"
	"github.com/exopool/exopool/fake/machine/nspawn/template"
)

const zone = "at-vie-1"

// newCloud returns a cloud whose instances boot on the driver, and a client.
func newCloud(t *testing.T, driver *nspawn.Driver) (*exoapi.Cloud, *egoscale.Client) {
	t.Helper()
	return newCloudThatRemoves(t, driver, exoapi.Removal{})
}

// newCloudThatRemoves returns the same with a removal.
func newCloudThatRemoves(t *testing.T, driver *nspawn.Driver, removal exoapi.Removal) (*exoapi.Cloud, *egoscale.Client) {
	t.Helper()
	cloud, err := exoapi.New(exoapi.Config{Machines: driver, Removal: removal, Timing: exoapi.Timing{Speed: 100}})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); cloud.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-done
		cloud.Close()
	})
	key, secret := cloud.Credential()
	client, err := egoscale.NewClient(key, secret,
		egoscale.ClientOptWithHTTPClient(&http.Client{Transport: cloud.Transport()}),
		egoscale.ClientOptWithAPIEndpoint("http://127.0.0.1:1/v2"),
		egoscale.ClientOptWithPollInterval(10*time.Millisecond))
	require.NoError(t, err)
	return cloud, client
}

func createInstance(t *testing.T, client *egoscale.Client, userData string) *egoscale.Instance {
	t.Helper()
	types, err := client.ListInstanceTypes(t.Context(), zone)
	require.NoError(t, err)
	templates, err := client.ListTemplates(t.Context(), zone)
	require.NoError(t, err)
	wanted := &egoscale.Instance{
		Name: new("web"), DiskSize: new(int64(10)), InstanceTypeID: types[0].ID,
		UserData: new(base64.StdEncoding.EncodeToString([]byte(userData))),
	}
	for _, candidate := range templates {
		if *candidate.Name == template.Default {
			wanted.TemplateID = candidate.ID
		}
	}
	created, err := client.CreateInstance(t.Context(), zone, wanted)
	require.NoError(t, err)
	return created
}

func awaitState(t *testing.T, client *egoscale.Client, i *egoscale.Instance, want string) {
	t.Helper()
	eventually(t, "the instance is "+want, func() bool {
		got, err := client.GetInstance(t.Context(), zone, *i.ID)
		require.NoError(t, err)
		return *got.State == want
	})
}

func TestFailedUserDataIsSeenThroughTheAPI(t *testing.T) {
	driver, log := newDriver(t)
	cloud, client := newCloud(t, driver)
	i := createInstance(t, client, "#cloud-config\nruncmd:\n  - nosuchcommand\n")
	awaitState(t, client, i, "error")
	assert.Contains(t, cloud.Instances()[0].Error, "at line 2 of runcmd")
	require.NoError(t, client.RebootInstance(t.Context(), zone, i))
	booted(t, log, driverapi.Machine{Name: "web"}, 2)
	awaitState(t, client, i, "error") // the reboot has not executed it again

	require.NoError(t, client.StopInstance(t.Context(), zone, i))
	require.NoError(t, client.ResetInstance(t.Context(), zone, i))
	require.NoError(t, client.StartInstance(t.Context(), zone, i))
	booted(t, log, driverapi.Machine{Name: "web"}, 3)
	awaitState(t, client, i, "error") // it has, to the same effect
	require.NoError(t, client.DeleteInstance(t.Context(), zone, i))
}

func TestInstanceThatShutsItselfDownIsStoppedAndStartsAgain(t *testing.T) {
	driver, log := newDriver(t)
	_, client := newCloud(t, driver)
	i := createInstance(t, client, "#!/bin/sh\nsystemctl --no-block poweroff\n")
	awaitState(t, client, i, "stopped")
	require.NoError(t, client.StartInstance(t.Context(), zone, i))
	awaitState(t, client, i, "running")
	eventually(t, "it boots again", func() bool { return len(log.find("machine boots")) == 2 })
}

func TestFailedMachineDoesNotShutDown(t *testing.T) {
	driver, log := newDriver(t)
	cloud, client := newCloudThatRemoves(t, driver, exoapi.Removal{})
	i := createInstance(t, client, "#!/bin/sh\ntrue\n")
	booted(t, log, driverapi.Machine{Name: "web"}, 1)
	awaitState(t, client, i, "running")
	require.NoError(t, cloud.FailMember(*i.ID))
	eventually(t, "it is off", func() bool { return driver.Kill(*i.ID) != nil })
	assert.Empty(t, log.find("machine shuts down"))
	awaitState(t, client, i, "running")
}

func TestRemovedMachineIsKilledUnlessItMayShutDown(t *testing.T) {
	for name, test := range map[string]struct {
		grace     time.Duration
		shutdowns int
	}{"killed": {0, 0}, "shut down": {time.Minute, 1}} {
		t.Run(name, func(t *testing.T) {
			driver, log := newDriver(t)
			_, client := newCloudThatRemoves(t, driver, exoapi.Removal{Grace: test.grace})
			i := createInstance(t, client, "#!/bin/sh\ntrue\n")
			booted(t, log, driverapi.Machine{Name: "web"}, 1)
			awaitState(t, client, i, "running")
			op := make(chan error, 1)
			ctx := context.WithoutCancel(t.Context())
			go func() { op <- client.DeleteInstance(ctx, zone, i) }()
			if test.shutdowns > 0 {
				eventually(t, "it shuts down", func() bool { return len(log.find("machine shuts down")) == test.shutdowns })
				_, err := client.GetInstance(t.Context(), zone, *i.ID)
				require.NoError(t, err, "the instance is there until the grace is over")
			} else {
				require.NoError(t, <-op)
			}
			eventually(t, "it is off", func() bool { return driver.Kill(*i.ID) != nil })
			assert.Len(t, log.find("machine shuts down"), test.shutdowns)
		})
	}
}
