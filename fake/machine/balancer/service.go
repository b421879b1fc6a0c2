package balancer

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"sync"

	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/machine/internal/tasks"
)

// A service is one listening port of a load balancer.
type service struct {
	cfg      Config
	tasks    *tasks.Group
	logger   *slog.Logger
	address  netip.Addr
	port     int
	protocol string
	endpoint netip.AddrPort
	listener net.Listener // nil for UDP
	stop     context.CancelFunc
	choose   *chooser

	mu      sync.Mutex
	spec    driverapi.Service
	targets map[string]*target // by machine id
	order   []*target          // as the cloud lists them
}

// A target is one machine behind a service, and the result of its health check.
// The service's lock guards it.
type target struct {
	machine   string
	address   netip.Addr
	stopCheck context.CancelFunc
	health    driverapi.Health // empty: not checked yet
	failures  int              // in a row
	err       error            // of the latest check
}

// serves reports whether the service can be brought into the state of spec
// without listening anew.
func (s *service) serves(address netip.Addr, spec driverapi.Service) bool {
	return s.address == address && s.port == spec.Port && s.protocol == spec.Protocol
}

// update takes over targets, health check and strategy. Targets that stay keep
// their health.
func (s *service) update(spec driverapi.Service) {
	s.mu.Lock()
	defer s.mu.Unlock()
	recheck := s.spec.Healthcheck != spec.Healthcheck
	s.spec = spec
	wanted := map[string]bool{}
	s.order = s.order[:0]
	for _, w := range spec.Targets {
		if wanted[w.MachineID] {
			continue
		}
		wanted[w.MachineID] = true
		t := s.targets[w.MachineID]
		switch {
		case t == nil || t.address != w.Address:
			if t != nil {
				t.stopCheck()
			}
			t = &target{machine: w.MachineID, address: w.Address}
			s.targets[w.MachineID] = t
			s.startCheck(t)
		case recheck:
			t.stopCheck()
			t.failures = 0
			s.startCheck(t)
		}
		s.order = append(s.order, t)
	}
	for id, t := range s.targets {
		if !wanted[id] {
			t.stopCheck()
			delete(s.targets, id)
		}
	}
}

// healthy lists the targets that may get new connections, in order.
func (s *service) healthy() []*target {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*target, 0, len(s.order))
	for _, t := range s.order {
		if t.health == driverapi.HealthSuccess && s.cfg.On(t.machine) {
			list = append(list, t)
		}
	}
	return list
}

func (s *service) health() map[string]driverapi.Health {
	s.mu.Lock()
	defer s.mu.Unlock()
	results := make(map[string]driverapi.Health, len(s.targets))
	for id, t := range s.targets {
		if t.health != "" {
			results[id] = t.health
		}
	}
	return results
}

// problems returns why the latest checks failed.
func (s *service) problems() map[string]error {
	s.mu.Lock()
	defer s.mu.Unlock()
	results := map[string]error{}
	for id, t := range s.targets {
		if t.err != nil {
			results[id] = t.err
		}
	}
	return results
}

// close ends checks and forwarding, which the set waits for.
func (s *service) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.targets {
		t.stopCheck()
	}
	clear(s.targets)
	s.order = nil
	if s.stop != nil {
		s.stop()
		_ = s.listener.Close() // at once: the port may be wanted again
	}
}
