package exoapi

import (
	"log/slog"

	"github.com/exopool/exopool/fake/exoapi/internal/world"
	"github.com/exopool/exopool/fake/machine/driverapi"
)

// of returns a load balancer with a service in front of the pool.
func (s *balancers) of(p *pool) *balancer {
	for b := range s.All() {
		if b.serves(p) {
			return b
		}
	}
	return nil
}

func (b *balancer) serves(p *pool) bool {
	for s := range b.services.All() {
		if s.pool == p {
			return true
		}
	}
	return false
}

// membersChanged marks the load balancers in front of a pool.
func (s *balancers) membersChanged(p *pool) {
	for b := range s.All() {
		if b.serves(p) {
			s.changed(b)
		}
	}
}

// changed marks a load balancer; the driver is updated before time moves on.
func (s *balancers) changed(b *balancer) {
	if !b.stale {
		b.stale = true
		s.stale = append(s.stale, b)
	}
}

// sync applies all load balancers that changed to the driver.
func (s *balancers) sync() {
	for _, b := range s.stale {
		b.stale = false
		if b.state == balancerCreating || b.state == balancerDeleting {
			continue
		}
		if err := s.driver.Balance(s.desired(b)); err != nil {
			s.logger.Warn("load balancer cannot be set up", slog.String("nlb", b.id), slog.Any("err", err))
			b.state = balancerError
			continue
		}
		b.state = balancerRunning
	}
	for _, b := range s.stale {
		for sv := range b.services.All() {
			sv.pool.late, sv.pool.once = 0, false
		}
	}
	s.stale = s.stale[:0]
}

// desired returns a load balancer as drivers see it.
func (s *balancers) desired(b *balancer) driverapi.Balancer {
	out := driverapi.Balancer{ID: b.id, Address: b.address}
	for sv := range b.services.All() {
		if sv.state == balancerCreating || sv.state == balancerDeleting {
			continue
		}
		driven := driverapi.Service{
			ID:          sv.id,
			Name:        sv.name,
			Port:        sv.port,
			TargetPort:  sv.targetPort,
			Protocol:    sv.protocol,
			Strategy:    sv.strategy,
			Healthcheck: sv.healthcheck,
			Targets:     make([]driverapi.Target, 0, sv.pool.live),
			Attempts:    s.removal.BalancerAttempts,
			Delay:       max(s.removal.delay(), sv.pool.late),
		}
		if sv.pool.once {
			driven.Attempts = 1
		}
		for i := range sv.pool.members.All() {
			if i.hasStarted && i.state != instanceDestroying && i.address.IsValid() {
				driven.Targets = append(driven.Targets, driverapi.Target{
					MachineID: i.id, Address: i.address, Unhealthy: i.neverHealthy,
				})
			}
		}
		out.Services = append(out.Services, driven)
	}
	return out
}

// A memberHealth is what a service's health check says of a member.
type memberHealth struct {
	member *instance
	health driverapi.Health
}

// health lists the members that were checked, oldest first.
func (s *balancers) health(b *balancer, sv *service) []memberHealth {
	var found []memberHealth
	outcomes := s.driver.Health(b.id, sv.id)
	for i := range sv.pool.members.All() {
		h, checked := outcomes[i.id]
		if !checked || i.state == instanceDestroying {
			continue
		}
		if i.neverHealthy || i.crashed {
			h = driverapi.HealthFailure
		}
		found = append(found, memberHealth{i, h})
	}
	return found
}

// start adds a load balancer and sets it up.
func (s *balancers) start(b *balancer, op *world.Operation) {
	b.state = balancerCreating
	b.created = s.world.Timestamp()
	b.address = s.addresses.Take()
	s.Add(b.id, b)
	s.world.After(s.timing.BalancerCreate, func() {
		if b.state != balancerCreating {
			s.world.Fail(op, "interrupted", "load balancer "+b.id+" is deleted")
			return
		}
		b.state = balancerRunning
		s.changed(b)
		s.world.Succeed(op)
	})
}

// stop takes a load balancer off the network at once. Its services go along.
func (s *balancers) stop(b *balancer, op *world.Operation) {
	b.state = balancerDeleting
	for sv := range b.services.All() {
		sv.state = balancerDeleting
		sv.transition++
	}
	s.driver.Unbalance(b.id)
	s.world.After(s.timing.BalancerUpdate, func() {
		s.Remove(b.id)
		s.addresses.Release(b.address)
		s.world.Succeed(op)
	})
}

// enterService puts a service into a state and runs then once it has been
// there long enough, unless something else happens to it first.
func (s *balancers) enterService(b *balancer, sv *service, state string, op *world.Operation, then func()) {
	sv.transition++
	transition := sv.transition
	sv.state = state
	s.changed(b)
	s.world.After(s.timing.BalancerUpdate, func() {
		if sv.transition != transition {
			s.world.Fail(op, "interrupted", "service "+sv.id+" is "+sv.state)
			return
		}
		then()
		s.changed(b)
		s.world.Succeed(op)
	})
}
