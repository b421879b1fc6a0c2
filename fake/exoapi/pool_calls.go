package exoapi

import (
	"math"
	"slices"
)

type poolView struct {
	ID                 string            `json:"id"`
	Name               string            `json:"name"`
	Description        string            `json:"description,omitempty"`
	State              string            `json:"state"`
	Size               int               `json:"size"`
	MinAvailable       int               `json:"min-available"`
	InstancePrefix     string            `json:"instance-prefix"`
	DiskSize           int               `json:"disk-size"`
	InstanceType       ref               `json:"instance-type"`
	Template           ref               `json:"template"`
	Instances          []ref             `json:"instances"`
	SecurityGroups     []ref             `json:"security-groups"`
	AntiAffinityGroups []ref             `json:"anti-affinity-groups"`
	PrivateNetworks    []ref             `json:"private-networks"`
	ElasticIPs         []ref             `json:"elastic-ips"`
	SSHKey             *keyRef           `json:"ssh-key,omitempty"`
	SSHKeys            []keyRef          `json:"ssh-keys,omitempty"`
	IPv6Enabled        bool              `json:"ipv6-enabled"`
	Assignment         string            `json:"public-ip-assignment"`
	UserData           string            `json:"user-data,omitempty"`
	Labels             map[string]string `json:"labels"`
}

func (p *pool) view() poolView {
	v := poolView{
		ID:                 p.id,
		Name:               p.name,
		Description:        p.description,
		State:              p.state,
		Size:               p.size,
		MinAvailable:       p.minAvailable,
		InstancePrefix:     p.prefix,
		DiskSize:           p.diskSize,
		InstanceType:       ref{p.instanceType.ID},
		Template:           ref{p.template.ID},
		Instances:          make([]ref, 0, p.live),
		SecurityGroups:     nonNil(p.groups),
		AntiAffinityGroups: nonNil(p.spreads),
		PrivateNetworks:    []ref{},
		ElasticIPs:         []ref{},
		SSHKey:             p.firstKey(),
		SSHKeys:            p.keys,
		IPv6Enabled:        p.dual(),
		Assignment:         p.assignment,
		UserData:           p.userData,
		Labels:             p.labels,
	}
	for i := range p.members.all() {
		if i.state != instanceDestroying {
			v.Instances = append(v.Instances, ref{i.id})
		}
	}
	if v.Labels == nil {
		v.Labels = map[string]string{}
	}
	return v
}

func listPools(r *request) (any, error) {
	var views []poolView
	for p := range r.world.pools.all() {
		if p.zone == r.zone {
			views = append(views, p.view())
		}
	}
	return list("instance-pools", views), nil
}

func (r *request) pool() (*pool, error) { return r.world.pool(r.zone, r.id()) }

func getPool(r *request) (any, error) {
	p, err := r.pool()
	if err != nil {
		return nil, err
	}
	return p.view(), nil
}

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
	case "elastic-ips", "private-networks", "deploy-target":
		// There are none to forget.
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
