package exoapi

import (
	"cmp"
	"slices"
	"time"

	"github.com/exopool/exopool/fake/exoapi/internal/world"
)

// A SecurityGroupInfo is a security group at one moment.
type SecurityGroupInfo struct {
	ID, Name string
	Rules    []RuleInfo
	// Sources are prefixes that count as members, besides instances.
	Sources []string
}

// A RuleInfo is a rule of a security group.
type RuleInfo struct {
	Ingress             bool // else egress
	Protocol            string
	FirstPort, LastPort int    // of tcp and udp; else zero
	Peer                string // a prefix, or the name of a group
	Description         string
}

// SecurityGroups returns the groups of the organization, its default group
// included, in the order of their creation; nothing once the cloud is closed.
func (c *Cloud) SecurityGroups() []SecurityGroupInfo {
	var infos []SecurityGroupInfo
	c.read(func() {
		for g := range c.securityGroups.All() {
			if g.visibility == visibilityPublic {
				continue
			}
			info := SecurityGroupInfo{ID: g.id, Name: g.name, Sources: slices.Clone(g.sources)}
			for _, u := range g.rules {
				rule := RuleInfo{
					Ingress: u.FlowDirection == "ingress", Protocol: u.Protocol, FirstPort: u.StartPort, LastPort: u.EndPort,
					Peer: u.Network, Description: u.Description,
				}
				if u.Group != nil {
					rule.Peer = cmp.Or(u.Group.Name, u.Group.ID)
				}
				info.Rules = append(info.Rules, rule)
			}
			infos = append(infos, info)
		}
	})
	return infos
}

// An OperationInfo is an operation at one moment.
type OperationInfo = world.OperationInfo

// Operations returns up to n operations, the newest first; nothing once the cloud
// is closed.
func (c *Cloud) Operations(n int) (latest []OperationInfo) {
	c.read(func() { latest = c.world.Operations(n) })
	return latest
}

// A Change is a call that was not for reading, refused ones included.
type Change struct {
	Time      time.Time
	Operation string // id, such as create-instance
	Path      string // escaped
	Zone      string
	Status    int    // HTTP
	Key       string // of the API; empty if it was wrong
}

// Changes returns up to n changes, the newest first.
func (c *Cloud) Changes(n int) []Change {
	c.events.mu.Lock()
	defer c.events.mu.Unlock()
	var list []Change
	for i := len(c.events.events) - 1; i >= 0 && len(list) < n; i-- {
		e := c.events.events[i]
		change := Change{Time: c.events.times[i], Operation: e.Handler, Path: e.URI, Zone: e.Zone, Status: e.Status}
		if e.APIKey != nil {
			change.Key = e.APIKey.Key
		}
		list = append(list, change)
	}
	return list
}

// Zones returns the names of the zones.
func (c *Cloud) Zones() []string { return slices.Clone(c.cfg.Zones) }
