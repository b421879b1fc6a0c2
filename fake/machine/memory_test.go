package machine_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/machine"
)

// A memoryWorld is a memory driver on a clock that the test moves, with one
// machine behind a balancer.
type memoryWorld struct {
	*machine.Memory
	now     time.Time
	machine exoapi.Machine
}

func newMemoryWorld(t *testing.T) *memoryWorld {
	t.Helper()
	w := &memoryWorld{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	w.Memory = machine.NewMemory(func() time.Time { return w.now })
	instances, _ := w.Networks()
	w.machine = exoapi.Machine{ID: "a", Name: "web-a", Address: instances.Addr().Next(), BootTime: 30 * time.Second}
	require.NoError(t, w.Balance(exoapi.Balancer{ID: "lb", Services: []exoapi.Service{
		{ID: "svc", Targets: []exoapi.Target{{MachineID: "a", Address: w.machine.Address}}},
		{ID: "empty"},
	}}))
	return w
}

func (w *memoryWorld) health() exoapi.Health { return w.Health("lb", "svc")["a"] }

func TestMemoryMachineIsHealthyOnceItHasBooted(t *testing.T) {
	w := newMemoryWorld(t)
	assert.Equal(t, exoapi.HealthFailure, w.health(), "off")
	require.NoError(t, w.Start(w.machine))
	assert.Equal(t, exoapi.HealthFailure, w.health(), "boots")
	assert.False(t, w.Running("a"))
	w.now = w.now.Add(w.machine.BootTime)
	assert.Equal(t, exoapi.HealthSuccess, w.health())
	assert.True(t, w.Running("a"))
}

func TestMemoryMachineBootsAgainAfterAStop(t *testing.T) {
	w := newMemoryWorld(t)
	require.NoError(t, w.Start(w.machine))
	w.now = w.now.Add(time.Minute)
	require.NoError(t, w.Start(w.machine), "a second start changes nothing")
	assert.True(t, w.Running("a"))
	w.Stop("a")
	w.Stop("a")
	assert.False(t, w.Running("a"))
	require.NoError(t, w.Start(w.machine))
	assert.False(t, w.Running("a"), "boots")
}

func TestMemoryMachineCanBeMarkedUnhealthy(t *testing.T) {
	w := newMemoryWorld(t)
	w.SetHealthy("a", false)
	require.NoError(t, w.Start(w.machine))
	w.now = w.now.Add(time.Hour)
	assert.Equal(t, exoapi.HealthFailure, w.health())
	assert.True(t, w.Running("a"), "on all the same")
	w.SetHealthy("a", true)
	assert.Equal(t, exoapi.HealthSuccess, w.health())
	w.SetHealthy("a", false)
	w.Destroy("a")
	require.NoError(t, w.Start(w.machine))
	w.now = w.now.Add(time.Hour)
	assert.Equal(t, exoapi.HealthSuccess, w.health(), "the mark went with the machine")
}

func TestMemoryKnowsTheTargetsOfEachService(t *testing.T) {
	w := newMemoryWorld(t)
	assert.Empty(t, w.Health("lb", "empty"))
	assert.Empty(t, w.Health("lb", "unknown"))
	w.Unbalance("lb")
	assert.Empty(t, w.Health("lb", "svc"))
}

func TestMemoryHasRoomForTenThousandMachines(t *testing.T) {
	w := newMemoryWorld(t)
	instances, balancers := w.Networks()
	assert.False(t, instances.Overlaps(balancers))
	address := instances.Addr()
	for i := range 12_000 {
		address = address.Next()
		require.NoError(t, w.Start(exoapi.Machine{ID: strconv.Itoa(i), Address: address}))
	}
	assert.ErrorContains(t, w.Start(exoapi.Machine{Name: "odd", Address: balancers.Addr()}), "is not in")
}
