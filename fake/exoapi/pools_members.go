package exoapi

import (
	"cmp"
	"log/slog"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
	"github.com/exopool/exopool/fake/machine/driverapi"
)

// busy reports whether members are coming or going.
func (p *pool) busy() bool { return p.joining > 0 || p.leaving > 0 || p.updating > 0 }

// transitional reports whether the state ends by itself.
func (p *pool) transitional() bool {
	switch p.state {
	case poolCreating, poolScalingUp, poolScalingDown, poolUpdating:
		return true
	}
	return false
}

// grow adds members until there are as many as asked for. OperationID is the
// call that asked; it is empty when the pool acts by itself.
func (s *pools) grow(p *pool, operationID string) {
	for p.live < p.size {
		name := p.prefix + "-" + p.id[:5] + "-" + s.world.IDs.Letters(5)
		i := s.instances.add(s.world.IDs.UUID(), p.zone, name, p.instanceSpec)
		i.pool, i.joining = p, true
		_, i.neverHealthy = s.faults.take(FaultMemberNeverHealthy, operationID)
		p.members.Add(i.id, i)
		p.live++
		p.joining++
		s.instances.start(i, nil)
	}
}

// memberStarted notes that a member has started, or that it could not.
func (s *pools) memberStarted(i *instance, ok bool) {
	p := i.pool
	if p == nil {
		return
	}
	s.balancers.membersChanged(p)
	if !i.joining {
		return
	}
	i.joining = false
	p.joining--
	if !ok {
		p.failure = "instance " + i.id + " does not start"
	}
	s.endTransition(p)
}

// memberLeaves takes a member that is being destroyed off the load balancers.
func (s *pools) memberLeaves(i *instance, operationID string) {
	p := i.pool
	if s.balancers.of(p) != nil {
		if late, ok := s.faults.take(FaultBalancerLate, operationID); ok {
			p.late = cmp.Or(late.Duration, driverapi.UntilUnhealthy)
		}
		if _, ok := s.faults.take(FaultBalancerOneAttempt, operationID); ok {
			p.once = true
		}
	}
	if i.joining {
		i.joining = false
		p.joining--
	}
	p.live--
	p.leaving++
	s.balancers.membersChanged(p)
}

// memberGone notes that a member is gone, and replaces it if it should not be.
func (s *pools) memberGone(i *instance) {
	p := i.pool
	p.members.Remove(i.id)
	p.leaving--
	s.replace(p)
	s.endTransition(p)
}

// replace makes up for members that were deleted by a call. If the quota does
// not allow them, or an anti-affinity group has no room, it tries again later.
func (s *pools) replace(p *pool) {
	if p.state == poolDestroying || p.live >= p.size || s.Get(p.id) != p {
		p.short = false
		return
	}
	err := s.world.CheckQuota(s.instances.quota, "", p.size-p.live)
	if err == nil {
		err = s.checkRoom(p, p.size-p.live, "")
	}
	if err != nil {
		if !p.short {
			p.short = true
			s.logger.Warn("members are not replaced yet", slog.String("pool", p.id), slog.Any("err", err))
		}
		s.world.AfterReal(max(minReplaceRetry, s.world.Paced(s.timing.scale(replaceRetry))), func() { s.replace(p) })
		return
	}
	p.short = false
	if p.state == poolRunning {
		p.state = poolScalingUp
	}
	s.grow(p, "")
}

// checkRoom refuses n more members for which the pool's anti-affinity groups have
// no room.
func (s *pools) checkRoom(p *pool, n int, operationID string) error {
	return s.instances.specs.antiAffinityGroups.checkRoom(p.antiAffinityGroups, operationID, n)
}

// endTransition ends a pool's transition once no member is coming or going.
func (s *pools) endTransition(p *pool) {
	if p.busy() {
		return
	}
	if p.state == poolDestroying {
		s.Remove(p.id)
		if p.gone != nil {
			p.gone()
		}
	} else if p.transitional() {
		p.state = poolRunning
	}
	for _, op := range p.waiting {
		if p.failure != "" {
			s.world.Fail(op, "partial", p.failure)
			continue
		}
		s.world.Succeed(op)
	}
	p.waiting, p.failure = nil, ""
}

// resize checks a new size of a pool and returns what brings it about.
func (s *pools) resize(p *pool, size int, operationID string) (func(*world.Operation), error) {
	if err := p.ready(); err != nil {
		return nil, err
	}
	if size < p.minAvailable {
		return nil, wire.Assuming(wire.AssumesMinAvailable, wire.Invalid(
			"bad request: size %d is below min-available %d of instance pool %s", size, p.minAvailable, p.id))
	}
	if err := s.world.CheckQuota(s.instances.quota, operationID, size-p.live); err != nil {
		return nil, err
	}
	var surplus []*instance
	if n := p.live - size; n > 0 {
		surplus = p.oldest(n)
		if len(surplus) < n {
			return nil, wire.Forbidden("Operation scaleInstancePool on resource %s is forbidden - "+
				"reason: too many members are protected", p.id)
		}
	}
	return func(op *world.Operation) {
		p.size = size
		switch {
		case p.live < size:
			p.state = poolScalingUp
			s.grow(p, operationID)
		case len(surplus) > 0:
			p.state = poolScalingDown
			s.instances.destroyAll(surplus, operationID)
		}
		s.endWithTransition(p, op)
	}, nil
}

// ready refuses to change the members of a pool that is doing something.
func (p *pool) ready() error {
	if p.state != poolRunning {
		return wire.Assuming(wire.AssumesBusyPool, wire.Conflict("instance pool %s is %s", p.id, p.state))
	}
	return nil
}

// oldest returns up to n members that may be destroyed, oldest first.
func (p *pool) oldest(n int) []*instance {
	found := make([]*instance, 0, n)
	for i := range p.members.All() {
		if len(found) == n {
			break
		}
		if i.state != instanceDestroying && !i.protected {
			found = append(found, i)
		}
	}
	return found
}

// endWithTransition ends an operation once the transition of its pool ends.
func (s *pools) endWithTransition(p *pool, op *world.Operation) {
	p.waiting = append(p.waiting, op)
	if !p.busy() {
		s.world.After(0, func() { s.endTransition(p) })
	}
}
