package balancer

import "github.com/exopool/exopool/fake/machine/driverapi"

// Traffic returns the connections through a service, see
// [driverapi.TrafficCounter].
func (b *Set) Traffic(balancerID, serviceID string) driverapi.Traffic {
	b.mu.Lock()
	s := b.byID[balancerID][serviceID]
	b.mu.Unlock()
	if s == nil {
		return driverapi.Traffic{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	traffic := s.traffic
	traffic.ByMachine = make(map[string]int, len(s.targets))
	for id, t := range s.targets {
		traffic.ByMachine[id] = t.taken
	}
	return traffic
}

// count notes that a client's connection began, 1, or ended, -1.
func (s *service) count(change int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.traffic.Open += change
	s.traffic.Total += max(change, 0)
}

// refuse notes that no target took a connection.
func (s *service) refuse() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.traffic.Refused++
}

// took notes that a target took a connection.
func (s *service) took(t *target) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t.taken++
}
