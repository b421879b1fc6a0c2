package exoapi

import (
	"net/netip"
	"time"

	"github.com/exopool/exopool/fake/infra"
)

// memory is the driver of a cloud without machines: what was started is
// healthy once its boot time has passed.
type memory struct {
	now     func() time.Time // the world's time
	booted  map[string]time.Time
	targets map[[2]string][]infra.Target // by load balancer and service
}

func newMemory() *memory {
	return &memory{booted: map[string]time.Time{}, targets: map[[2]string][]infra.Target{}}
}

func (m *memory) Networks() (instances, balancers netip.Prefix) {
	return netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("203.0.113.0/24")
}

func (m *memory) Start(machine infra.Machine) error {
	if _, ok := m.booted[machine.ID]; !ok {
		m.booted[machine.ID] = m.now().Add(machine.BootTime)
	}
	return nil
}

func (m *memory) Stop(id string)    { delete(m.booted, id) }
func (m *memory) Destroy(id string) { delete(m.booted, id) }

func (m *memory) Balance(b infra.Balancer) error {
	m.Unbalance(b.ID)
	for _, s := range b.Services {
		m.targets[[2]string{b.ID, s.ID}] = s.Targets
	}
	return nil
}

func (m *memory) Unbalance(id string) {
	for key := range m.targets {
		if key[0] == id {
			delete(m.targets, key)
		}
	}
}

func (m *memory) Health(balancerID, serviceID string) map[string]infra.Health {
	targets := m.targets[[2]string{balancerID, serviceID}]
	health := make(map[string]infra.Health, len(targets))
	for _, t := range targets {
		health[t.MachineID] = infra.HealthFailure
		if at, ok := m.booted[t.MachineID]; ok && !m.now().Before(at) {
			health[t.MachineID] = infra.HealthSuccess
		}
	}
	return health
}
