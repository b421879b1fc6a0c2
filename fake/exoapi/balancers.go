package exoapi

import (
	"log/slog"
	"net/netip"

	"github.com/exopool/exopool/fake/infra"
)

// States of a load balancer and of its services.
const (
	balancerCreating = "creating"
	balancerRunning  = "running"
	balancerUpdating = "updating" // services only
	balancerDeleting = "deleting"
	balancerError    = "error"
)

// A balancer is a network load balancer.
type balancer struct {
	id, name, zone string
	description    string
	labels         map[string]string
	state          string
	created        string
	address        netip.Addr
	services       ordered[service]
	stale          bool // the driver does not know the present state yet
}

// A service is one port of a load balancer, in front of one pool.
type service struct {
	serviceSettings

	id    string
	pool  *pool
	state string
	turn  int // as of an instance
}

type serviceSettings struct {
	name        string
	description string
	protocol    string
	strategy    string
	port        int
	targetPort  int
	healthcheck infra.Healthcheck
}

// balancer finds one in a zone.
func (w *world) balancer(zone, id string) (*balancer, error) {
	b := w.balancers.get(id)
	if b == nil || b.zone != zone {
		return nil, notFound("load balancer", id)
	}
	return b, nil
}

// balancerOf returns a load balancer with a service in front of the pool.
func (w *world) balancerOf(p *pool) *balancer {
	for b := range w.balancers.all() {
		if b.serves(p) {
			return b
		}
	}
	return nil
}

func (b *balancer) serves(p *pool) bool {
	for s := range b.services.all() {
		if s.pool == p {
			return true
		}
	}
	return false
}

// rebalance marks the load balancers in front of a pool whose members changed.
func (w *world) rebalance(p *pool) {
	for b := range w.balancers.all() {
		if b.serves(p) {
			w.touch(b)
		}
	}
}

// touch marks a load balancer; the driver hears of it before time moves on.
func (w *world) touch(b *balancer) {
	if !b.stale {
		b.stale = true
		w.stale = append(w.stale, b)
	}
}

// balanceStale tells the driver about all load balancers that changed.
func (w *world) balanceStale() {
	for _, b := range w.stale {
		b.stale = false
		if b.state == balancerCreating || b.state == balancerDeleting {
			continue
		}
		if err := w.machines.Balance(w.wanted(b)); err != nil {
			w.log.Warn("load balancer cannot be set up", slog.String("nlb", b.id), slog.Any("err", err))
			b.state = balancerError
			continue
		}
		b.state = balancerRunning
	}
	w.stale = w.stale[:0]
}

// wanted is what the driver is told about a load balancer.
func (w *world) wanted(b *balancer) infra.Balancer {
	out := infra.Balancer{ID: b.id, Address: b.address}
	for s := range b.services.all() {
		if s.state == balancerCreating || s.state == balancerDeleting {
			continue
		}
		driven := infra.Service{
			ID:          s.id,
			Name:        s.name,
			Port:        s.port,
			TargetPort:  s.targetPort,
			Protocol:    s.protocol,
			Strategy:    s.strategy,
			Healthcheck: s.healthcheck,
			Targets:     make([]infra.Target, 0, s.pool.live),
		}
		for i := range s.pool.members.all() {
			if i.placed && i.state != instanceDestroying && i.address.IsValid() {
				driven.Targets = append(driven.Targets, infra.Target{MachineID: i.id, Address: i.address})
			}
		}
		out.Services = append(out.Services, driven)
	}
	return out
}

// A memberHealth is what a service's health check says of a member.
type memberHealth struct {
	member *instance
	health infra.Health
}

// health lists the members that were checked, oldest first.
func (w *world) health(b *balancer, s *service) []memberHealth {
	var found []memberHealth
	said := w.machines.Health(b.id, s.id)
	for i := range s.pool.members.all() {
		h, checked := said[i.id]
		if !checked || i.state == instanceDestroying {
			continue
		}
		if i.sick || i.crashed {
			h = infra.HealthFailure
		}
		found = append(found, memberHealth{i, h})
	}
	return found
}

// createBalancer adds a load balancer and sets it up.
func (w *world) createBalancer(b *balancer, op *operation) {
	b.state = balancerCreating
	b.created = w.timestamp()
	b.address = w.nlbIPs.take()
	w.balancers.add(b.id, b)
	w.after(w.timing.BalancerCreate, func() {
		if b.state != balancerCreating {
			w.fail(op, "interrupted", "load balancer "+b.id+" is deleted")
			return
		}
		b.state = balancerRunning
		w.touch(b)
		w.succeed(op)
	})
}

// deleteBalancer takes a load balancer off the network at once. Its services
// go along.
func (w *world) deleteBalancer(b *balancer, op *operation) {
	b.state = balancerDeleting
	for s := range b.services.all() {
		s.state = balancerDeleting
		s.turn++
	}
	w.machines.Unbalance(b.id)
	w.after(w.timing.BalancerUpdate, func() {
		w.balancers.remove(b.id)
		w.nlbIPs.release(b.address)
		w.succeed(op)
	})
}

// enterService puts a service into a state and runs then once it has been
// there long enough, unless something else happens to it first.
func (w *world) enterService(b *balancer, s *service, state string, op *operation, then func()) {
	s.turn++
	turn := s.turn
	s.state = state
	w.touch(b)
	w.after(w.timing.BalancerUpdate, func() {
		if s.turn != turn {
			w.fail(op, "interrupted", "service "+s.id+" is "+s.state)
			return
		}
		then()
		w.touch(b)
		w.succeed(op)
	})
}
