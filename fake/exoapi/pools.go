package exoapi

import "log/slog"

// States of a pool.
const (
	poolCreating    = "creating"
	poolScalingUp   = "scaling-up"
	poolScalingDown = "scaling-down"
	poolUpdating    = "updating"
	poolRunning     = "running"
	poolDestroying  = "destroying"
)

// A pool keeps a number of like instances.
//
//	creating ──▶ running ◀──▶ scaling-up, scaling-down, updating
//	                any ──▶ destroying ──▶ gone
type pool struct {
	spec // of new members; older ones keep what they were made from

	id, name, zone string
	description    string
	prefix         string
	labels         map[string]string
	size           int // members asked for
	minAvailable   int
	state          string
	manager        managerView

	members  ordered[instance] // until they are gone
	live     int               // members that are not being destroyed
	joining  int               // members that have not run yet
	leaving  int               // members being destroyed
	updating int               // updates under way
	trouble  string            // what kept a member from starting
	waiting  []*operation      // finished once the pool has settled
}

// busy reports whether members are on their way in or out.
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
func (w *world) grow(p *pool, operationID string) {
	for p.live < p.size {
		name := p.prefix + "-" + p.id[:5] + "-" + w.ids.letters(5)
		i := w.newInstance(w.ids.uuid(), p.zone, name, p.spec)
		i.pool, i.joining = p, true
		_, i.sick = w.faults.take(FaultMemberNeverHealthy, operationID)
		p.members.add(i.id, i)
		p.live++
		p.joining++
		w.start(i, nil)
	}
}

// joined notes that a member has started, or that it could not.
func (w *world) joined(i *instance, ok bool) {
	p := i.pool
	if p == nil {
		return
	}
	w.rebalance(p)
	if !i.joining {
		return
	}
	i.joining = false
	p.joining--
	if !ok {
		p.trouble = "instance " + i.id + " does not start"
	}
	w.settle(p)
}

// leave takes a member out of the pool's sight and off its load balancers.
func (w *world) leave(i *instance) {
	p := i.pool
	if i.joining {
		i.joining = false
		p.joining--
	}
	p.live--
	p.leaving++
	w.rebalance(p)
}

// left notes that a member is gone, and replaces it if it should not be.
func (w *world) left(i *instance) {
	p := i.pool
	p.members.remove(i.id)
	p.leaving--
	w.replace(p)
	w.settle(p)
}

// replace makes up for members that were deleted behind the pool's back. If
// there is no room for them it tries again later.
func (w *world) replace(p *pool) {
	if p.state == poolDestroying || p.live >= p.size || w.pools.get(p.id) != p {
		return
	}
	if err := w.room(quotaInstances, "", p.size-p.live); err != nil {
		w.log.Warn("members are not replaced yet", slog.String("pool", p.id), slog.Any("err", err))
		w.after(w.timing.scale(replaceRetry), func() { w.replace(p) })
		return
	}
	if p.state == poolRunning {
		p.state = poolScalingUp
	}
	w.grow(p, "")
}

// settle ends a pool's transition once no member is on its way any more.
func (w *world) settle(p *pool) {
	if p.busy() {
		return
	}
	if p.state == poolDestroying {
		w.pools.remove(p.id)
	} else if p.transitional() {
		p.state = poolRunning
	}
	for _, op := range p.waiting {
		if p.trouble != "" {
			w.fail(op, "partial", p.trouble)
			continue
		}
		w.succeed(op)
	}
	p.waiting, p.trouble = nil, ""
}

// resize checks a new size of a pool and returns what brings it about.
func (w *world) resize(p *pool, size int, operationID string) (func(*operation), error) {
	if err := p.ready(); err != nil {
		return nil, err
	}
	if size < p.minAvailable {
		return nil, invalid("bad request: size %d is below min-available %d of instance pool %s",
			size, p.minAvailable, p.id)
	}
	if err := w.room(quotaInstances, operationID, size-p.live); err != nil {
		return nil, err
	}
	var surplus []*instance
	if n := p.live - size; n > 0 {
		surplus = p.oldest(n)
		if len(surplus) < n {
			return nil, forbidden("Operation scaleInstancePool on resource %s is forbidden - "+
				"reason: too many members are protected", p.id)
		}
	}
	return func(op *operation) {
		p.size = size
		switch {
		case p.live < size:
			p.state = poolScalingUp
			w.grow(p, operationID)
		case len(surplus) > 0:
			p.state = poolScalingDown
			w.dismiss(surplus)
		}
		w.await(p, op)
	}, nil
}

// ready refuses to change the members of a pool that is doing something.
func (p *pool) ready() error {
	if p.state != poolRunning {
		return conflict("instance pool %s is %s", p.id, p.state)
	}
	return nil
}

// oldest returns up to n members that may be destroyed, oldest first.
func (p *pool) oldest(n int) []*instance {
	found := make([]*instance, 0, n)
	for i := range p.members.all() {
		if len(found) == n {
			break
		}
		if i.state != instanceDestroying && !i.protected {
			found = append(found, i)
		}
	}
	return found
}

func (w *world) dismiss(members []*instance) {
	for _, i := range members {
		w.destroy(i, nil)
	}
}

// await finishes an operation once the pool has settled.
func (w *world) await(p *pool, op *operation) {
	p.waiting = append(p.waiting, op)
	if !p.busy() {
		w.after(0, func() { w.settle(p) })
	}
}

// pool finds one in a zone.
func (w *world) pool(zone, id string) (*pool, error) {
	p := w.pools.get(id)
	if p == nil || p.zone != zone {
		return nil, notFound("instance pool", id)
	}
	return p, nil
}
