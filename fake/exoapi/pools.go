package exoapi

import (
	"log/slog"
	"slices"
	"time"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
)

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
	instanceSpec // of new members; older ones keep what they were made from

	id, name, zone string
	description    string
	prefix         string
	labels         map[string]string
	size           int // members asked for
	minAvailable   int
	state          string
	manager        managerView
	owner          *managerView // what manages the pool; nil if nothing does
	gone           func()       // is told once the pool is gone; may be nil

	members  world.Store[instance] // until they are gone
	live     int                   // members that are not being destroyed
	joining  int                   // members that have not run yet
	leaving  int                   // members being destroyed
	updating int                   // updates under way
	failure  string                // why a member did not start
	waiting  []*world.Operation    // end with the transition
	late     time.Duration         // how late load balancers learn who leaves now
	once     bool                  // load balancers try one member only until the next change
	short    bool                  // there was no room for members; it was logged
}

type poolView struct {
	ID                 string            `json:"id"`
	Name               string            `json:"name"`
	Description        string            `json:"description,omitempty"`
	State              string            `json:"state"`
	Size               int               `json:"size"`
	MinAvailable       int               `json:"min-available"`
	InstancePrefix     string            `json:"instance-prefix"`
	DiskSize           int               `json:"disk-size"`
	InstanceType       wire.Ref          `json:"instance-type"`
	Template           wire.Ref          `json:"template"`
	Instances          []wire.Ref        `json:"instances"`
	SecurityGroups     []wire.Ref        `json:"security-groups"`
	AntiAffinityGroups []wire.Ref        `json:"anti-affinity-groups"`
	PrivateNetworks    []wire.Ref        `json:"private-networks"`
	ElasticIPs         []wire.Ref        `json:"elastic-ips"`
	SSHKey             *keyRef           `json:"ssh-key,omitempty"`
	SSHKeys            []keyRef          `json:"ssh-keys,omitempty"`
	IPv6Enabled        bool              `json:"ipv6-enabled"`
	Assignment         string            `json:"public-ip-assignment"`
	UserData           string            `json:"user-data,omitempty"`
	Consistent         bool              `json:"application-consistent-snapshot-enabled"`
	Labels             map[string]string `json:"labels,omitempty"`
	Manager            *managerView      `json:"manager,omitempty"`
}

// pools keep numbers of like instances.
type pools struct {
	collection[pool]

	faults    *Faults
	timing    Timing
	logger    *slog.Logger
	instances *instances
	balancers *balancers
}

func newPools(w *world.World, faults *Faults, timing Timing, logger *slog.Logger) *pools {
	return &pools{
		collection: collection[pool]{
			world: w, kind: managerPool, label: "instance pool",
			zone: func(p *pool) string { return p.zone },
			name: func(p *pool) string { return p.name },
			view: func(p *pool) any { return p.view() },
		},
		faults: faults,
		timing: timing,
		logger: logger,
	}
}

func (s *pools) declare() resource {
	d := s.collection.declare(
		get("/instance-pool", "list-instance-pools", s.list),
		post("/instance-pool", "create-instance-pool", s.create),
		get("/instance-pool/{id}", "get-instance-pool", s.get),
		put("/instance-pool/{id}", "update-instance-pool", s.update),
		del("/instance-pool/{id}", "delete-instance-pool", s.delete),
		del("/instance-pool/{id}/{field}", "reset-instance-pool-field", s.resetField),
		put("/instance-pool/{id}:scale", "scale-instance-pool", s.scale),
		put("/instance-pool/{id}:evict", "evict-instance-pool-members", s.evict),
	)
	d.User = s.user
	return d
}

// user names a pool that uses a resource and will stay.
func (s *pools) user(id string) string {
	for p := range s.All() {
		if p.state != poolDestroying && (p.uses(id) || slices.Contains(p.privateNetworks, wire.Ref{ID: id})) {
			return "instance pool " + p.id
		}
	}
	return ""
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
		InstanceType:       wire.Ref{ID: p.instanceType.ID},
		Template:           wire.Ref{ID: p.template.ID},
		Instances:          make([]wire.Ref, 0, p.live),
		SecurityGroups:     wire.NonNil(p.securityGroups),
		AntiAffinityGroups: wire.NonNil(p.antiAffinityGroups),
		PrivateNetworks:    wire.NonNil(p.privateNetworks),
		ElasticIPs:         wire.NonNil(p.elasticIPs),
		SSHKey:             p.firstKey(),
		SSHKeys:            p.sshKeys,
		IPv6Enabled:        p.dual(),
		Assignment:         p.assignment,
		UserData:           p.userData,
		Manager:            p.owner,
		Consistent:         p.consistent,
		Labels:             p.labels,
	}
	for i := range p.members.All() {
		if i.state != instanceDestroying {
			v.Instances = append(v.Instances, wire.Ref{ID: i.id})
		}
	}
	return v
}
