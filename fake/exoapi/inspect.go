package exoapi

import (
	"errors"
	"net/netip"

	"github.com/exopool/exopool/fake/infra"
)

// A PoolInfo is an instance pool at one moment.
type PoolInfo struct {
	ID, Name, Zone, State string
	Size                  int      // members asked for
	Members               []string // ids, oldest first; those being destroyed are left out
}

// An InstanceInfo is an instance at one moment.
type InstanceInfo struct {
	ID, Name, Zone, State string
	PoolID                string     // empty if it is not a member
	Address               netip.Addr // the zero Addr without a public one
	// Trouble is what the driver says is wrong with the machine; see
	// [infra.Observer].
	Trouble string
}

// A BalancerInfo is a load balancer at one moment.
type BalancerInfo struct {
	ID, Name, Zone, State string
	Address               netip.Addr
	Services              []ServiceInfo
}

// A ServiceInfo is a service of a load balancer at one moment.
type ServiceInfo struct {
	ID, Name, State, PoolID string
	Port, TargetPort        int
	Protocol                string
	Healthcheck             infra.Healthcheck
	// Health is what the health check says, by the id of the member. Members
	// that were not checked yet are absent.
	Health map[string]infra.Health
}

// Pools returns the pools of all zones in the order of their creation;
// nothing once the cloud is closed.
func (c *Cloud) Pools() []PoolInfo {
	var infos []PoolInfo
	c.look(func(w *world) {
		for p := range w.pools.all() {
			info := PoolInfo{ID: p.id, Name: p.name, Zone: p.zone, State: p.state, Size: p.size}
			for i := range p.members.all() {
				if i.state != instanceDestroying {
					info.Members = append(info.Members, i.id)
				}
			}
			infos = append(infos, info)
		}
	})
	return infos
}

// Instances returns the instances of all zones in the order of their
// creation; nothing once the cloud is closed.
func (c *Cloud) Instances() []InstanceInfo {
	var infos []InstanceInfo
	c.look(func(w *world) {
		for i := range w.instances.all() {
			info := InstanceInfo{
				ID: i.id, Name: i.name, Zone: i.zone, State: i.state, Address: i.address, Trouble: i.trouble,
			}
			if i.pool != nil {
				info.PoolID = i.pool.id
			}
			infos = append(infos, info)
		}
	})
	return infos
}

// Balancers returns the load balancers of all zones in the order of their
// creation; nothing once the cloud is closed.
func (c *Cloud) Balancers() []BalancerInfo {
	var infos []BalancerInfo
	c.look(func(w *world) {
		for b := range w.balancers.all() {
			info := BalancerInfo{ID: b.id, Name: b.name, Zone: b.zone, State: b.state, Address: b.address}
			for s := range b.services.all() {
				si := ServiceInfo{
					ID: s.id, Name: s.name, State: s.state, PoolID: s.pool.id,
					Port: s.port, TargetPort: s.targetPort, Protocol: s.protocol, Healthcheck: s.healthcheck, Health: map[string]infra.Health{},
				}
				for _, m := range w.health(b, s) {
					si.Health[m.member.id] = m.health
				}
				info.Services = append(info.Services, si)
			}
			infos = append(infos, info)
		}
	})
	return infos
}

// look reads the world; a closed one has nothing to see.
func (c *Cloud) look(read func(*world)) {
	_ = c.world.do(func() error { read(c.world); return nil })
}

// SetPoolState puts a pool into a state, known to the API or not, as if its
// keepers had done so. It lasts until something brings the pool elsewhere.
func (c *Cloud) SetPoolState(id, state string) error {
	return c.withPool(id, func(p *pool) error {
		if state == poolDestroying || state == "" {
			return errors.New("this state cannot be set: delete the pool instead")
		}
		p.state = state
		return nil
	})
}

// SetPoolSize resizes a pool as somebody else would through the API. The
// error tells why the API would refuse.
func (c *Cloud) SetPoolSize(id string, size int) error {
	return c.withPool(id, func(p *pool) error {
		w := c.world
		act, err := w.resize(p, size, "scale-instance-pool")
		if err != nil {
			return err
		}
		act(w.begin(managerPool, p.id))
		return nil
	})
}

func (c *Cloud) withPool(id string, act func(*pool) error) error {
	return c.world.do(func() error {
		p := c.world.pools.get(id)
		if p == nil {
			return notFound("instance pool", id)
		}
		return act(p)
	})
}

// FailMember makes an instance crash: its machine is powered off and fails
// every health check until it is started again, but the API calls it running as
// before.
func (c *Cloud) FailMember(id string) error {
	return c.world.do(func() error {
		i := c.world.instances.get(id)
		if i == nil {
			return notFound("instance", id)
		}
		c.world.machines.Stop(id)
		i.crashed = true
		return nil
	})
}
