package exoapi_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
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

// A recorder is a driver that records its calls. Events carry the virtual
// time since it was made.
type recorder struct {
	mu       sync.Mutex
	since    time.Time
	events   []string
	machines map[string]driverapi.Machine
	balanced driverapi.Balancer
	broken   bool
	unlinked bool // load balancers cannot be set up
}

func newRecorder() *recorder {
	return &recorder{since: time.Now(), machines: map[string]driverapi.Machine{}}
}

func (r *recorder) record(event string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := time.Since(r.since).Truncate(time.Second)
	r.events = append(r.events, fmt.Sprintf("%s "+event, append([]any{at}, args...)...))
}

// take returns what was recorded since the last call.
func (r *recorder) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := r.events
	r.events = nil
	return taken
}

func (r *recorder) Networks() (instances, balancers netip.Prefix) {
	return netip.MustParsePrefix("127.9.0.0/29"), netip.MustParsePrefix("127.9.1.0/30")
}

func (r *recorder) Start(m driverapi.Machine) error {
	r.record("start %s", m.Address)
	r.machines[m.ID] = m
	if r.broken {
		return errors.New("no power")
	}
	return nil
}

func (r *recorder) Stop(id string) { r.record("stop %s", r.machines[id].Address) }

func (r *recorder) Destroy(id string) { r.record("destroy %s", r.machines[id].Address) }

func (r *recorder) Balance(b driverapi.Balancer) error {
	targets := []string{}
	for _, s := range b.Services {
		for _, t := range s.Targets {
			targets = append(targets, t.Address.String())
		}
	}
	r.balanced = b
	r.record("balance %d %v", len(b.Services), targets)
	if r.unlinked {
		return errors.New("no network")
	}
	return nil
}

func (r *recorder) Unbalance(string) { r.record("unbalance") }

func (r *recorder) Health(string, string) map[string]driverapi.Health { return nil }

// startDriven makes a cloud that runs in the background, as with a driver
// that really does something.
func startDriven(t *testing.T, driver *recorder) (*exoapi.Cloud, *egoscale.Client) {
	t.Helper()
	return runDriven(t, exoapi.Config{Machines: driver})
}

// runDriven makes a cloud as startDriven does, with the given configuration.
func runDriven(t *testing.T, cfg exoapi.Config) (*exoapi.Cloud, *egoscale.Client) {
	t.Helper()
	cloud, client := start(t, cfg)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); cloud.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return cloud, client
}

func TestDriverIsCalledWhenThingsHappen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		driver := newRecorder()
		_, client := startDriven(t, driver)
		ctx := t.Context()
		pool := newPool(t, client, 2)
		assert.Equal(t, []string{"15s start 127.9.0.1", "15s start 127.9.0.2"}, driver.take())
		nlb, _ := newService(t, client, pool)
		assert.Equal(t, []string{
			"20s balance 0 []",
			"21s balance 0 []", "23s balance 1 [127.9.0.1 127.9.0.2]",
		}, driver.take())
		assert.Equal(t, 8080, driver.balanced.Services[0].TargetPort)
		assert.Equal(t, 10*time.Second, driver.balanced.Services[0].Healthcheck.IntervalDuration())

		require.NoError(t, client.ScaleInstancePool(ctx, zone, pool, 1))
		assert.Equal(t, []string{"24s balance 1 [127.9.0.2]", "24s destroy 127.9.0.1"}, driver.take(),
			"a member leaves its load balancer just before it is destroyed")
		require.NoError(t, client.ScaleInstancePool(ctx, zone, pool, 2))
		assert.Equal(t, []string{"45s start 127.9.0.3", "45s balance 1 [127.9.0.2 127.9.0.3]"}, driver.take(),
			"an address is not used again at once")
		require.NoError(t, client.DeleteNetworkLoadBalancer(ctx, zone, nlb))
		assert.Equal(t, []string{"45s unbalance"}, driver.take())
	})
}

func TestMachineGetsWhatItNeeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		driver := newRecorder()
		_, client := startDriven(t, driver)
		_, err := client.RegisterSSHKey(t.Context(), zone, "k", publicKey)
		require.NoError(t, err)
		i := newInstance(t, client, func(i *egoscale.Instance) {
			i.SSHKey = new("k")
			i.UserData = new("I2Nsb3VkLWNvbmZpZwo=")
		})
		m := driver.machines[*i.ID]
		assert.Equal(t, "monitor", m.Name)
		assert.Equal(t, "micro", m.Type.Size)
		assert.Equal(t, ubuntuName, m.Template)
		assert.Equal(t, "#cloud-config\n", string(m.UserData))
		assert.Equal(t, []string{publicKey}, m.SSHKeys)
		assert.Equal(t, 20*time.Second, m.BootTime)
		assert.Equal(t, i.PublicIPAddress.String(), m.Address.String())
	})
}

func TestInstanceThatDoesNotStartIsInError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		driver := newRecorder()
		driver.broken = true
		cloud, client := startDriven(t, driver)
		_, err := client.CreateInstancePool(t.Context(), zone, wantedPool(t, client, 1))
		require.ErrorContains(t, err, "job failed")
		assert.Equal(t, "error", cloud.Instances()[0].State)
		assert.Equal(t, "running", cloud.Pools()[0].State)
	})
}

func TestLoadBalancerThatCannotBeSetUpIsInError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		driver := newRecorder()
		driver.unlinked = true
		cloud, client := startDriven(t, driver)
		pool := newPool(t, client, 1)
		nlb, err := client.CreateNetworkLoadBalancer(t.Context(), zone, &egoscale.NetworkLoadBalancer{Name: new("n")})
		require.NoError(t, err)
		assert.Equal(t, "error", cloud.Balancers()[0].State)
		driver.unlinked = false
		_, err = client.CreateNetworkLoadBalancerService(t.Context(), zone, nlb, wantedService(pool))
		require.NoError(t, err)
		assert.Equal(t, "running", cloud.Balancers()[0].State)
	})
}

func TestAddressesAreLimitedByTheDriver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := startDriven(t, newRecorder())
		_, err := client.CreateInstancePool(t.Context(), zone, wantedPool(t, client, 8))
		require.ErrorContains(t, err, "no public addresses left")
		pool := newPool(t, client, 7)
		require.NoError(t, client.ScaleInstancePool(t.Context(), zone, pool, 1))
		require.NoError(t, client.ScaleInstancePool(t.Context(), zone, pool, 7))
	})
}

func TestCloseRemovesWhatRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		driver := newRecorder()
		cloud, client := startDriven(t, driver)
		newService(t, client, newPool(t, client, 1))
		driver.take()
		cloud.Close()
		cloud.Close()
		assert.Equal(t, []string{"24s unbalance", "24s destroy 127.9.0.1"}, driver.take())
		assert.Equal(t, 503, call(t, cloud, "GET", "/v2/instance", "").status)
		assert.Empty(t, cloud.Instances())
	})
}

func TestSpeedDividesAllWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{Timing: exoapi.Timing{Speed: 15, Destroy: -1}})
		pool := newPool(t, client, 1)
		op := call(t, cloud, "PUT", "/v2/instance-pool/"+*pool.ID+":scale", `{"size":2}`)
		require.Equal(t, 200, op.status)
		time.Sleep(time.Second - 1)
		assert.Equal(t, "scaling-up", cloud.Pools()[0].State)
		time.Sleep(time.Nanosecond)
		assert.Equal(t, "running", cloud.Pools()[0].State)
		require.Equal(t, 200, call(t, cloud, "PUT", "/v2/instance-pool/"+*pool.ID+":scale", `{"size":1}`).status)
		assert.Len(t, cloud.Instances(), 1, "a negative time means at once")
	})
}
