package exoapi

import (
	"math"
	"slices"
)

const defaultPrefix = "pool"

// readPool reads what can be given at creation and changed later.
func (w *world) readPool(f *fields, p *pool, assignments ...string) {
	f.text("name", &p.name, 1, maxText)
	f.text("description", &p.description, 0, maxText)
	f.labels(&p.labels)
	if f.clears("instance-prefix") {
		p.prefix = defaultPrefix
	}
	f.hostname("instance-prefix", &p.prefix, 30)
	if f.clears("min-available") {
		p.minAvailable = 0
	}
	f.integer("min-available", &p.minAvailable, 0, math.MaxInt32)
	if f.clears("user-data") {
		p.userData = ""
	}
	w.readSpec(f, &p.spec, assignments...)
	w.readAttachments(f, p.zone, &p.spec)
}

func createPool(r *request) (any, error) {
	w, f := r.world, r.fields()
	f.require("name", "size", "template", "instance-type", "disk-size")
	f.refuseNull()
	p := &pool{
		spec:   spec{assignment: "inet4"},
		id:     w.ids.uuid(),
		zone:   r.zone,
		prefix: defaultPrefix,
		state:  poolCreating,
	}
	p.manager = managerView{p.id, managerPool}
	w.readPool(f, p, "inet4", "dual", "none")
	f.integer("size", &p.size, 1, math.MaxInt32)
	if err := f.problem(); err != nil {
		return nil, err
	}
	if p.size < p.minAvailable {
		return nil, invalid("bad request: size %d is below min-available %d", p.size, p.minAvailable)
	}
	if err := w.room(quotaInstances, r.operationID, p.size); err != nil {
		return nil, err
	}
	return r.change(managerPool, p.id, func(op *operation) {
		w.pools.add(p.id, p)
		w.grow(p, r.operationID)
		w.await(p, op)
	})
}

// updatePool leaves members as they are: only new ones are made from what was
// changed.
func updatePool(r *request) (any, error) {
	p, err := r.pool()
	if err != nil {
		return nil, err
	}
	f := r.fields()
	changed := *p
	r.world.readPool(f, &changed, "inet4", "dual")
	if err := f.problem(); err != nil {
		return nil, err
	}
	return r.updatePool(p, changed)
}

// updatePool lets a pool take over the settings of a changed copy.
func (r *request) updatePool(p *pool, changed pool) (any, error) {
	if p.state == poolDestroying {
		return nil, conflict("instance pool %s is %s", p.id, p.state)
	}
	if changed.minAvailable > p.size {
		return nil, invalid("bad request: min-available %d is above size %d", changed.minAvailable, p.size)
	}
	w := r.world
	return r.change(managerPool, p.id, func(op *operation) {
		p.spec, p.name, p.description = changed.spec, changed.name, changed.description
		p.labels, p.prefix, p.minAvailable = changed.labels, changed.prefix, changed.minAvailable
		if p.state == poolRunning {
			p.state = poolUpdating
		}
		p.updating++
		w.after(w.timing.PoolUpdate, func() {
			p.updating--
			w.succeed(op)
			w.settle(p)
		})
	})
}

func resetPoolField(r *request) (any, error) {
	p, err := r.pool()
	if err != nil {
		return nil, err
	}
	changed := *p
	switch field := r.params["field"]; field {
	case "anti-affinity-groups":
		changed.spreads = nil
	case "description":
		changed.description = ""
	case "labels":
		changed.labels = nil
	case "security-groups":
		changed.groups = nil
	case "ssh-key":
		changed.keys = nil
	case "user-data":
		changed.userData = ""
	case "ipv6-enabled":
		changed.ipv6 = false
	case "elastic-ips":
		changed.elastics = nil
	case "private-networks":
		changed.networks = nil
	case "deploy-target":
		// There is none to forget.
	default:
		return nil, invalid("bad request: field %q cannot be reset", field)
	}
	return r.updatePool(p, changed)
}

func scalePool(r *request) (any, error) {
	p, err := r.pool()
	if err != nil {
		return nil, err
	}
	f := r.fields()
	f.require("size")
	var size int
	f.integer("size", &size, 0, math.MaxInt32)
	if err := f.problem(); err != nil {
		return nil, err
	}
	act, err := r.world.resize(p, size, r.operationID)
	if err != nil {
		return nil, err
	}
	return r.change(managerPool, p.id, act)
}

func evictMembers(r *request) (any, error) {
	p, err := r.pool()
	if err != nil {
		return nil, err
	}
	f := r.fields()
	f.require("instances")
	ids, _ := decode[[]string](f, "instances", "an array of UUIDs")
	if err := f.problem(); err != nil {
		return nil, err
	}
	if err := p.ready(); err != nil {
		return nil, err
	}
	var members []*instance
	for _, text := range ids {
		id, ok := parseID(text)
		if !ok {
			return nil, invalid("bad request: instances must be UUIDs")
		}
		i := p.members.get(id)
		switch {
		case i == nil || i.state == instanceDestroying:
			return nil, notFound("member of instance pool "+p.id, id)
		case i.protected:
			return nil, i.lockedByProtection("evictInstancePoolMembers")
		case slices.Contains(members, i):
			return nil, invalid("bad request: instances names %s twice", id)
		}
		members = append(members, i)
	}
	if len(members) == 0 {
		return nil, invalid("bad request: instances must not be empty")
	}
	if p.size-len(members) < p.minAvailable {
		return nil, invalid("bad request: min-available of instance pool %s is %d", p.id, p.minAvailable)
	}
	w := r.world
	return r.change(managerPool, p.id, func(op *operation) {
		p.size -= len(members)
		p.state = poolScalingDown
		w.dismiss(members)
		w.await(p, op)
	})
}

func deletePool(r *request) (any, error) {
	p, err := r.pool()
	if err != nil {
		return nil, err
	}
	w := r.world
	if p.state == poolDestroying {
		return nil, conflict("instance pool %s is %s", p.id, p.state)
	}
	if b := w.balancerOf(p); b != nil {
		return nil, locked("destroyInstancePool", p.id, "NLB "+b.id)
	}
	members := p.oldest(p.live)
	if len(members) < p.live {
		return nil, locked("destroyInstancePool", p.id, "a member's destroy protection")
	}
	return r.change(managerPool, p.id, func(op *operation) {
		// Operations that waited for the pool to settle have lost their aim.
		for _, waiting := range p.waiting {
			w.fail(waiting, "interrupted", "instance pool "+p.id+" is destroyed")
		}
		p.waiting, p.trouble = nil, ""
		p.state, p.size = poolDestroying, 0
		w.dismiss(members)
		w.await(p, op)
	})
}
