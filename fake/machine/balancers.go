package machine

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"

	"github.com/exopool/exopool/fake/exoapi"
)

type balancersConfig struct {
	log        *slog.Logger
	crew       *crew
	speed      float64                     // divides health check times
	ports      *ports                      // of balancers
	targetPort func(port int) int          // of machines
	on         func(machineID string) bool // false: neither check nor choose it
}

// balancers forward TCP for the load balancers of the cloud, and check the
// health of the machines behind them.
//
// A round-robin service gives new connections to its healthy targets in turn;
// source-hash and maglev-hash both keep a client on the same target as long as
// that one is healthy. UDP services are health-checked but not forwarded.
type balancers struct {
	cfg balancersConfig

	mu     sync.Mutex
	byID   map[string]map[string]*service // by balancer id, then service id
	closed bool
}

func newBalancers(cfg balancersConfig) *balancers {
	return &balancers{cfg: cfg, byID: map[string]map[string]*service{}}
}

// balance: see [Process.Balance].
func (b *balancers) balance(wanted exoapi.Balancer) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return fmt.Errorf("balance %s: the driver is closed", wanted.ID)
	}
	services := b.byID[wanted.ID]
	if services == nil {
		services = map[string]*service{}
		b.byID[wanted.ID] = services
	}
	specs := map[string]exoapi.Service{}
	for _, spec := range wanted.Services {
		specs[spec.ID] = spec
	}
	// First what goes, so that its port is free for what comes.
	for id, s := range services {
		if spec, ok := specs[id]; !ok || !s.serves(wanted.Address, spec) {
			s.close()
			delete(services, id)
		}
	}
	var faults []error
	for _, spec := range wanted.Services {
		s := services[spec.ID]
		if s == nil {
			var err error
			if s, err = b.open(wanted.Address, spec); err != nil {
				faults = append(faults, fmt.Errorf("balance %s: service %s: %w", wanted.ID, spec.Name, err))
				continue
			}
			services[spec.ID] = s
		}
		s.update(spec)
	}
	return errors.Join(faults...)
}

func (b *balancers) open(address netip.Addr, spec exoapi.Service) (*service, error) {
	s := &service{
		cfg: b.cfg, address: address, port: spec.Port, protocol: spec.Protocol,
		log:     b.cfg.log.With("service", spec.Name),
		targets: map[string]*target{}, choose: newChooser(),
	}
	if spec.Protocol == "udp" {
		s.log.Warn("UDP is not forwarded, health checks only", "port", spec.Port)
		return s, nil
	}
	port, err := b.cfg.ports.decide(spec.Port)
	if err != nil {
		return nil, err
	}
	s.endpoint = netip.AddrPortFrom(address, uint16(port)) //nolint:gosec // G115: ports are below 65536
	listener, err := listen(s.endpoint)
	if err != nil {
		return nil, err
	}
	s.listener = listener
	s.stop = b.cfg.crew.start(s.serve)
	s.log.Info("load balancer service listening", "endpoint", s.endpoint)
	return s, nil
}

// unbalance: see [Process.Unbalance].
func (b *balancers) unbalance(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.byID[id] {
		s.close()
	}
	delete(b.byID, id)
}

// health: see [Process.Health].
func (b *balancers) health(balancerID, serviceID string) map[string]exoapi.Health {
	b.mu.Lock()
	s := b.byID[balancerID][serviceID]
	b.mu.Unlock()
	if s == nil {
		return nil
	}
	return s.health()
}

// endpoint: see [Process.Endpoint].
func (b *balancers) endpoint(balancerID string, port int) (netip.AddrPort, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.byID[balancerID] {
		if s.port == port && s.listener != nil {
			return s.endpoint, true
		}
	}
	return netip.AddrPort{}, false
}

// close cuts all connections and waits until nothing runs any more.
func (b *balancers) close() {
	b.mu.Lock()
	b.closed = true
	for _, services := range b.byID {
		for _, s := range services {
			s.close()
		}
	}
	clear(b.byID)
	b.mu.Unlock()
	b.cfg.crew.dismiss()
	b.cfg.crew.wg.Wait()
}
