package exoapi

import (
	"encoding/base64"
	"net/netip"

	"github.com/exopool/exopool/fake/exoapi/internal/world"
	"github.com/exopool/exopool/fake/machine/driverapi"
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
	Type, Template        string     // such as standard.micro; the template's name
	DiskSize              int        // GiB
	Created               string     // as the API says it
	// Error is what the driver says is wrong with the machine; see
	// [driverapi.Observer].
	Error string
	// SecurityGroups are the names of its groups; it is in none if it has left
	// the default group.
	SecurityGroups []string
	// UserData is decoded.
	UserData []byte
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
	Healthcheck             driverapi.Healthcheck
	// Health is what the health check says, by the id of the member. Members
	// that were not checked yet are absent.
	Health map[string]driverapi.Health
}

// Pools returns the pools of all zones in the order of their creation;
// nothing once the cloud is closed.
func (c *Cloud) Pools() []PoolInfo {
	var infos []PoolInfo
	c.read(func() {
		for p := range c.pools.All() {
			info := PoolInfo{ID: p.id, Name: p.name, Zone: p.zone, State: p.state, Size: p.size}
			for i := range p.members.All() {
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
	c.read(func() {
		for i := range c.instances.All() {
			info := InstanceInfo{
				ID: i.id, Name: i.name, Zone: i.zone, State: i.state, Address: i.address, Error: i.machineError,
				Type: i.instanceType.Family + "." + i.instanceType.Size, Template: i.template.Name,
				DiskSize: i.diskSize, Created: i.created,
			}
			if i.pool != nil {
				info.PoolID = i.pool.id
			}
			for _, g := range i.securityGroups {
				name, _ := c.world.NameOf("security-group", g.ID)
				info.SecurityGroups = append(info.SecurityGroups, name)
			}
			// What cannot be decoded, the API has refused.
			info.UserData, _ = base64.StdEncoding.DecodeString(i.userData)
			infos = append(infos, info)
		}
	})
	return infos
}

// Balancers returns the load balancers of all zones in the order of their
// creation; nothing once the cloud is closed.
func (c *Cloud) Balancers() []BalancerInfo {
	var infos []BalancerInfo
	c.read(func() {
		for b := range c.balancers.All() {
			info := BalancerInfo{ID: b.id, Name: b.name, Zone: b.zone, State: b.state, Address: b.address}
			for s := range b.services.All() {
				si := ServiceInfo{
					ID: s.id, Name: s.name, State: s.state, PoolID: s.pool.id,
					Port: s.port, TargetPort: s.targetPort, Protocol: s.protocol, Healthcheck: s.healthcheck, Health: map[string]driverapi.Health{},
				}
				for _, m := range c.balancers.health(b, s) {
					si.Health[m.member.id] = m.health
				}
				info.Services = append(info.Services, si)
			}
			infos = append(infos, info)
		}
	})
	return infos
}

// Inventory lists what users have made and what is not gone yet, in all zones:
// by kind, as in the API's paths, sorted by name, each as its name and id. Rules
// are listed beside their groups, services beside their load balancers, records
// beside their domains, node pools beside their clusters. Kinds of which there is
// nothing are left out, so that the inventory of an empty organization is empty; so
// is that of a closed cloud.
func (c *Cloud) Inventory() map[string][]string {
	found := world.Inventory{}
	c.read(func() { found = c.world.Inventory() })
	return found
}

// read runs f on the world, unless the cloud is closed.
func (c *Cloud) read(f func()) {
	_ = c.world.Do(func() error { f(); return nil })
}
