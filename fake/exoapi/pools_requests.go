package exoapi

import (
	"math"
	"slices"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
)

const defaultPrefix = "pool"

// read reads what can be given at creation and changed later.
func (s *pools) read(f *wire.Fields, p *pool, assignments ...string) {
	f.Text("name", &p.name, 1, wire.MaxText)
	f.Text("description", &p.description, 0, wire.MaxText)
	f.Labels(&p.labels)
	if f.Clears("instance-prefix") {
		p.prefix = defaultPrefix
	}
	f.Hostname("instance-prefix", &p.prefix, 30)
	if f.Clears("min-available") {
		p.minAvailable = 0
	}
	f.Integer("min-available", &p.minAvailable, 0, math.MaxInt32)
	if f.Clears("user-data") {
		p.userData = ""
	}
	s.instances.specs.read(f, p.zone, &p.instanceSpec, assignments...)
	s.instances.specs.readAttachments(f, p.zone, &p.instanceSpec)
}

func (s *pools) create(r *request) (any, error) {
	f := r.fields()
	f.Require("name", "size", "template", "instance-type", "disk-size")
	f.RefuseNull()
	p := &pool{
		instanceSpec: instanceSpec{assignment: assignmentInet4},
		id:           s.world.IDs.UUID(),
		zone:         r.zone,
		prefix:       defaultPrefix,
		state:        poolCreating,
	}
	p.manager = managerView{p.id, managerPool}
	s.read(f, p, assignmentInet4, assignmentDual, assignmentNone)
	f.Integer("size", &p.size, 1, math.MaxInt32)
	if err := f.Err(); err != nil {
		return nil, err
	}
	if p.size < p.minAvailable {
		return nil, wire.Invalid("bad request: size %d is below min-available %d", p.size, p.minAvailable)
	}
	act, err := s.creating(r, p)
	if err != nil {
		return nil, err
	}
	return s.change(r, p.id, act)
}

// creating checks whether there may be a pool and returns what makes it.
func (s *pools) creating(r *request, p *pool) (func(*world.Operation), error) {
	if err := s.instances.checkQuota(r, p.size); err != nil {
		return nil, err
	}
	return func(op *world.Operation) {
		if err := s.checkRoom(p, p.size, r.operationID); err != nil {
			r.assume(wire.AssumesGroupFull)
			s.instances.specs.antiAffinityGroups.refuse(op, err)
			return
		}
		s.Add(p.id, p)
		s.grow(p, r.operationID)
		s.endWithTransition(p, op)
	}, nil
}

// changeable finds the one that the path names, unless something else manages
// it.
func (s *pools) changeable(r *request) (*pool, error) {
	p, err := s.named(r)
	if err == nil && p.owner != nil {
		err = wire.Held(r.operationID, p.id, "Locked by "+p.owner.Type+" "+p.owner.ID)
	}
	return p, err
}

// update leaves members as they are: only new ones are made from what was
// changed.
func (s *pools) update(r *request) (any, error) {
	p, err := s.changeable(r)
	if err != nil {
		return nil, err
	}
	f := r.fields()
	changed := *p
	s.read(f, &changed, assignmentInet4, assignmentDual)
	if err := f.Err(); err != nil {
		return nil, err
	}
	return s.applyChanges(r, p, changed)
}

// applyChanges gives a pool the settings of a changed copy.
func (s *pools) applyChanges(r *request, p *pool, changed pool) (any, error) {
	act, err := s.changing(p, changed)
	if err != nil {
		return nil, err
	}
	return s.change(r, p.id, act)
}

// changing checks the settings of a changed copy of a pool and returns what
// gives them to it.
func (s *pools) changing(p *pool, changed pool) (func(*world.Operation), error) {
	if p.state == poolDestroying {
		return nil, wire.Conflict("instance pool %s is %s", p.id, p.state)
	}
	if changed.minAvailable > p.size {
		return nil, wire.Invalid("bad request: min-available %d is above size %d", changed.minAvailable, p.size)
	}
	return func(op *world.Operation) {
		p.instanceSpec, p.name, p.description = changed.instanceSpec, changed.name, changed.description
		p.labels, p.prefix, p.minAvailable = changed.labels, changed.prefix, changed.minAvailable
		if p.state == poolRunning {
			p.state = poolUpdating
		}
		p.updating++
		s.world.After(s.timing.PoolUpdate, func() {
			p.updating--
			s.world.Succeed(op)
			s.endTransition(p)
		})
	}, nil
}

func (s *pools) resetField(r *request) (any, error) {
	p, err := s.changeable(r)
	if err != nil {
		return nil, err
	}
	changed := *p
	switch field := r.params["field"]; field {
	case "anti-affinity-groups":
		changed.antiAffinityGroups = nil
	case "description":
		changed.description = ""
	case "labels":
		changed.labels = nil
	case "security-groups":
		changed.securityGroups = nil
	case "ssh-key":
		changed.sshKeys = nil
	case "user-data":
		changed.userData = ""
	case "ipv6-enabled":
		if changed.dual() {
			changed.assignment = assignmentInet4
		}
	case "elastic-ips":
		changed.elasticIPs = nil
	case "private-networks":
		changed.privateNetworks = nil
	case "deploy-target":
		// There is none to forget.
	default:
		return nil, wire.NotResettable(field)
	}
	return s.applyChanges(r, p, changed)
}

func (s *pools) scale(r *request) (any, error) {
	p, err := s.changeable(r)
	if err != nil {
		return nil, err
	}
	f := r.fields()
	f.Require("size")
	var size int
	f.Integer("size", &size, 0, math.MaxInt32)
	if err := f.Err(); err != nil {
		return nil, err
	}
	act, err := s.scaling(p, size, r.operationID)
	if err != nil {
		return nil, err
	}
	if size < p.live {
		r.assume(wire.AssumesOldestFirst)
	}
	return s.change(r, p.id, act)
}

// scaling checks a new size of a pool and returns what brings it about, or ends
// the operation where an anti-affinity group has no room.
func (s *pools) scaling(p *pool, size int, operationID string) (func(*world.Operation), error) {
	act, err := s.resize(p, size, operationID)
	if err != nil {
		return nil, err
	}
	return func(op *world.Operation) {
		if err := s.checkRoom(p, size-p.live, operationID); err != nil {
			s.instances.specs.antiAffinityGroups.refuse(op, err)
			return
		}
		act(op)
	}, nil
}

func (s *pools) evict(r *request) (any, error) {
	p, err := s.changeable(r)
	if err != nil {
		return nil, err
	}
	act, err := s.evicting(r, p)
	if err != nil {
		return nil, err
	}
	return s.change(r, p.id, act)
}

// evicting reads which members of a pool have to go and returns what makes
// them.
func (s *pools) evicting(r *request, p *pool) (func(*world.Operation), error) {
	f := r.fields()
	f.Require("instances")
	ids, _ := wire.Decode[[]string](f, "instances", "an array of UUIDs")
	if err := f.Err(); err != nil {
		return nil, err
	}
	if err := p.ready(); err != nil {
		return nil, err
	}
	var members []*instance
	for _, text := range ids {
		id, ok := wire.ParseID(text)
		if !ok {
			return nil, wire.Invalid("bad request: instances must be UUIDs")
		}
		i := p.members.Get(id)
		switch {
		case i == nil || i.state == instanceDestroying:
			return nil, wire.NotFound("member of instance pool "+p.id, id)
		case i.protected:
			return nil, i.heldByProtection(r)
		case slices.Contains(members, i):
			return nil, wire.Invalid("bad request: instances names %s twice", id)
		}
		members = append(members, i)
	}
	if len(members) == 0 {
		return nil, wire.Invalid("bad request: instances must not be empty")
	}
	if p.size-len(members) < p.minAvailable {
		return nil, wire.Assuming(wire.AssumesMinAvailable,
			wire.Invalid("bad request: min-available of instance pool %s is %d", p.id, p.minAvailable))
	}
	return func(op *world.Operation) {
		p.size -= len(members)
		p.state = poolScalingDown
		s.instances.destroyAll(members, r.operationID)
		s.endWithTransition(p, op)
	}, nil
}

func (s *pools) delete(r *request) (any, error) {
	p, err := s.changeable(r)
	if err != nil {
		return nil, err
	}
	act, err := s.destroying(p, r.operationID)
	if err != nil {
		return nil, err
	}
	return s.change(r, p.id, act)
}

// destroying checks whether a pool can go and returns what removes it.
func (s *pools) destroying(p *pool, operationID string) (func(*world.Operation), error) {
	if p.state == poolDestroying {
		return nil, wire.Conflict("instance pool %s is %s", p.id, p.state)
	}
	if b := s.balancers.of(p); b != nil {
		return nil, wire.Held("destroyInstancePool", p.id, "Locked by NLB "+b.id)
	}
	members := p.oldest(p.live)
	if len(members) < p.live {
		return nil, wire.Held(operationID, p.id, "manual instance protection")
	}
	return func(op *world.Operation) {
		// What these operations wait for will not happen.
		for _, waiting := range p.waiting {
			s.world.Fail(waiting, "interrupted", "instance pool "+p.id+" is destroyed")
		}
		p.waiting, p.failure = nil, ""
		p.state, p.size = poolDestroying, 0
		s.instances.destroyAll(members, operationID)
		s.endWithTransition(p, op)
	}, nil
}
