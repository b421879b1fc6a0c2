package machine

import (
	"net/netip"
	"sync"
	"testing"

	"github.com/exopool/exopool/fake/exoapi"
)

// TestBalancers are balancers whose targets are whatever a test listens with.
type TestBalancers struct {
	*balancers
	Instances, Balancers netip.Prefix

	mu  sync.Mutex
	off map[string]bool
}

// NewTestBalancers returns balancers on a loopback network of their own, which
// end with the test.
func NewTestBalancers(tb testing.TB, cfg ProcessConfig) *TestBalancers {
	tb.Helper()
	network, err := claimNetwork(netip.Prefix{})
	if err != nil {
		tb.Fatal(err)
	}
	t := &TestBalancers{Instances: network.instances, Balancers: network.balancers, off: map[string]bool{}}
	t.balancers = newBalancers(balancersConfig{
		log: cfg.Log, crew: newCrew(tb.Context()), speed: cfg.Speed,
		ports:      newPorts(lastHost(network.balancers), cfg.Log),
		targetPort: func(port int) int { return port },
		on: func(id string) bool {
			t.mu.Lock()
			defer t.mu.Unlock()
			return !t.off[id]
		},
	})
	tb.Cleanup(func() {
		t.close()
		network.claim.Close()
	})
	return t
}

// PowerOff tells the balancers that a machine was stopped.
func (t *TestBalancers) PowerOff(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.off[id] = true
}

// The methods of the interface, on the balancers alone.
func (t *TestBalancers) Balance(b exoapi.Balancer) error { return t.balance(b) }

func (t *TestBalancers) Unbalance(id string) { t.unbalance(id) }

func (t *TestBalancers) Health(balancerID, serviceID string) map[string]exoapi.Health {
	return t.health(balancerID, serviceID)
}

func (t *TestBalancers) Endpoint(balancerID string, port int) (netip.AddrPort, bool) {
	return t.endpoint(balancerID, port)
}
