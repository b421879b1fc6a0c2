package balancer

import (
	"context"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

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
	traffic driverapi.Traffic  // without ByMachine
}

// A target is one machine behind a service, and the result of its health check.
// The service's lock guards it.
type target struct {
	machine   string
	address   netip.Addr
	unhealthy bool // fails every check
	leaving   bool // not wanted any more, which the service has yet to notice
	stopCheck context.CancelFunc
	health    driverapi.Health // empty: not checked yet
	failures  int              // in a row
	err       error            // of the latest check
	taken     int              // connections
}

// serves reports whether the service can be brought into the state of spec
// without listening anew.
func (s *service) serves(address netip.Addr, spec driverapi.Service) bool {
	return s.address == address && s.port == spec.Port && s.protocol == spec.Protocol
}

// update takes over targets, health check and strategy. Targets that stay keep
// their health; those that go leave when the service notices, see
// [driverapi.Service.Delay].
func (s *service) update(spec driverapi.Service) {
	s.mu.Lock()
	defer s.mu.Unlock()
	recheck := s.spec.Healthcheck != spec.Healthcheck
	s.spec = spec
	wanted := map[string]bool{}
	addresses := map[netip.Addr]bool{}
	s.order = s.order[:0]
	for _, w := range spec.Targets {
		if wanted[w.MachineID] {
			continue
		}
		wanted[w.MachineID], addresses[w.Address] = true, true
		s.order = append(s.order, s.want(w, recheck))
	}
	for _, id := range slices.Sorted(maps.Keys(s.targets)) {
		if t := s.targets[id]; !wanted[id] {
			s.leave(t, addresses[t.address], recheck)
		}
	}
}

// want returns the target for a machine, which is checked from now on. The caller
// holds the lock.
func (s *service) want(w driverapi.Target, recheck bool) *target {
	t := s.targets[w.MachineID]
	switch {
	case t == nil || t.address != w.Address || t.leaving:
		if t != nil {
			t.stopCheck()
		}
		t = &target{machine: w.MachineID, address: w.Address, unhealthy: w.Unhealthy}
		s.targets[w.MachineID] = t
		s.startCheck(t)
	case recheck || t.unhealthy != w.Unhealthy:
		t.stopCheck()
		t.failures, t.unhealthy = 0, w.Unhealthy
		s.startCheck(t)
	}
	return t
}

// leave drops a target that is not wanted any more, or lets it stay until the
// service notices. Replaced says that another target has its address. The caller
// holds the lock.
func (s *service) leave(t *target, replaced, recheck bool) {
	switch {
	case replaced || !t.leaving && (s.spec.Delay <= 0 || t.health != driverapi.HealthSuccess):
		s.dropLocked(t)
		return
	case !t.leaving:
		t.leaving = true
		s.logger.Info("target removed, which the load balancer has yet to notice", "target", t.address)
		if s.spec.Delay < driverapi.UntilUnhealthy {
			s.dropAfter(t, s.scaled(s.spec.Delay))
		}
	case recheck:
		t.stopCheck()
		t.failures = 0
		s.startCheck(t)
	}
	s.order = append(s.order, t)
}

// dropAfter drops a target after a delay.
func (s *service) dropAfter(t *target, delay time.Duration) {
	s.tasks.Go(func(ctx context.Context) {
		select {
		case <-ctx.Done():
		case <-time.After(delay):
			s.mu.Lock()
			defer s.mu.Unlock()
			s.dropLocked(t)
		}
	})
}

// dropLocked forgets a target, unless another one has taken its place.
func (s *service) dropLocked(t *target) {
	t.stopCheck()
	if s.targets[t.machine] == t {
		delete(s.targets, t.machine)
	}
	s.order = slices.DeleteFunc(s.order, func(o *target) bool { return o == t })
}

// healthy lists the targets that may get new connections, in order.
func (s *service) healthy() []*target {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*target, 0, len(s.order))
	for _, t := range s.order {
		if t.health == driverapi.HealthSuccess {
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
		if t.health != "" && !t.leaving {
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
		if t.err != nil && !t.leaving {
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
