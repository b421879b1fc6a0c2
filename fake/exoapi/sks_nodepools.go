package exoapi

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
)

const (
	managerNodepool = "sks-nodepool"
	minNodeDisk     = 20      // GiB
	minNodeMemory   = 2 * gib // the official page on SKS says so
	maxNodeGroups   = 16      // security groups, the cluster's own included, and private networks
	maxNodepools    = 16      // of a cluster
)

// An sksNodepool is a set of nodes of a cluster. Its machines are the members
// of an instance pool, which it manages and which knows the rest.
type sksNodepool struct {
	id, name, description string
	created               string
	labels                map[string]string // of the nodes in Kubernetes
	taints                map[string]sksTaint
	addons                []string
	imageGC               *kubeletImageGC
	pool                  *pool
}

type sksTaint struct {
	Value  string `json:"value"`
	Effect string `json:"effect"`
}

type kubeletImageGC struct {
	HighThreshold int    `json:"high-threshold,omitempty"` // percent
	LowThreshold  int    `json:"low-threshold,omitempty"`  // percent
	MinAge        string `json:"min-age,omitempty"`
}

type sksNodepoolView struct {
	ID                 string              `json:"id"`
	Name               string              `json:"name"`
	Description        string              `json:"description,omitempty"`
	CreatedAt          string              `json:"created-at"`
	State              string              `json:"state"`
	Version            string              `json:"version"`
	Size               int                 `json:"size"`
	InstancePool       wire.Ref            `json:"instance-pool"`
	InstancePrefix     string              `json:"instance-prefix"`
	InstanceType       wire.Ref            `json:"instance-type"`
	Template           wire.Ref            `json:"template"`
	DiskSize           int                 `json:"disk-size"`
	Assignment         string              `json:"public-ip-assignment"`
	AntiAffinityGroups []wire.Ref          `json:"anti-affinity-groups,omitempty"`
	SecurityGroups     []wire.Ref          `json:"security-groups,omitempty"`
	PrivateNetworks    []wire.Ref          `json:"private-networks,omitempty"`
	Labels             map[string]string   `json:"labels,omitempty"`
	Taints             map[string]sksTaint `json:"taints,omitempty"`
	Addons             []string            `json:"addons,omitempty"`
	ImageGC            *kubeletImageGC     `json:"kubelet-image-gc,omitempty"`
}

func (n *sksNodepool) view(c *sksCluster) sksNodepoolView {
	p := n.pool
	return sksNodepoolView{
		ID:                 n.id,
		Name:               n.name,
		Description:        n.description,
		CreatedAt:          n.created,
		State:              n.state(),
		Version:            c.version,
		Size:               p.size,
		InstancePool:       wire.Ref{ID: p.id},
		InstancePrefix:     p.prefix,
		InstanceType:       wire.Ref{ID: p.instanceType.ID},
		Template:           wire.Ref{ID: p.template.ID},
		DiskSize:           p.diskSize,
		Assignment:         p.assignment,
		AntiAffinityGroups: p.antiAffinityGroups,
		SecurityGroups:     p.securityGroups,
		PrivateNetworks:    p.privateNetworks,
		Labels:             n.labels,
		Taints:             n.taints,
		Addons:             n.addons,
		ImageGC:            n.imageGC,
	}
}

// state follows from that of the instance pool.
func (n *sksNodepool) state() string {
	switch n.pool.state {
	case poolScalingUp, poolScalingDown:
		return "scaling"
	case poolDestroying:
		return "deleting"
	default:
		return n.pool.state // creating, running and updating have the same names
	}
}

// declareNodepools makes node pools known by their names. Their routes are among
// those of clusters.
func (s *sksClusters) declareNodepools() resource {
	return resource{Resource: world.Resource{
		Kind: s.kind + "/nodepool",
		Noun: managerNodepool,
		Name: func(id string) (name string, ok bool) {
			for c := range s.All() {
				if n := c.nodepools.Get(id); n != nil {
					return n.name, true
				}
			}
			return "", false
		},
		Inventory: func(found world.Inventory) {
			for c := range s.All() {
				for n := range c.nodepools.All() {
					found.Add("nodepool", n.name, n.id)
				}
			}
		},
	}}
}

// readNodepool reads what can be given at creation and changed later: into the node
// pool, and into its instance pool.
func (s *sksClusters) readNodepool(f *wire.Fields, c *sksCluster, n *sksNodepool, p *pool) {
	readDeployTarget(f)
	if f.Clears("nvidia-mig-profiles"); f.Has("nvidia-mig-profiles") {
		f.Reject("nvidia-mig-profiles go with instance types that have a GPU, and none is authorized")
	}
	f.RefuseNull()
	f.Text("name", &n.name, 1, wire.MaxText)
	if n.name != "" && (strings.ToLower(n.name) != n.name || !wire.Alphanumeric(n.name, "-")) {
		f.Reject("name must consist of lower-case letters, digits and '-'")
	}
	f.Text("description", &n.description, 0, wire.MaxText)
	f.Labels(&n.labels)
	if o := f.Object("taints"); o != nil {
		n.taints = readTaints(o)
	}
	if o := f.Object("kubelet-image-gc"); o != nil {
		n.imageGC = readImageGC(o)
	}
	f.Hostname("instance-prefix", &p.prefix, 30)
	if strings.ToLower(p.prefix) != p.prefix {
		f.Reject("instance-prefix must be in lower case")
	}
	f.Integer("disk-size", &p.diskSize, minNodeDisk, maxDisk)
	f.OneOf("public-ip-assignment", &p.assignment, "inet4", "dual")
	s.specs.readType(f, c.zone, &p.instanceSpec)
	f.Refs("anti-affinity-groups", &p.antiAffinityGroups)
	s.specs.antiAffinityGroups.exist(f, c.zone, p.antiAffinityGroups)
	f.Refs("security-groups", &p.securityGroups)
	s.specs.securityGroups.exist(f, c.zone, p.securityGroups)
	f.Refs("private-networks", &p.privateNetworks)
	s.specs.privateNetworks.exist(f, c.zone, p.privateNetworks)
	if t := p.instanceType; t != nil && t.Memory < minNodeMemory {
		f.Reject("instance-type %s has less than 2 GiB of memory", t.Size)
	} else if t != nil && p.diskSize > largestDisk(t) {
		f.Reject("disk-size of type %s must not exceed %d", t.Size, largestDisk(t))
	}
	own := wire.Ref{ID: c.defaultGroup}
	if c.defaultGroup != "" && !slices.Contains(p.securityGroups, own) {
		p.securityGroups = append(slices.Clone(p.securityGroups), own)
	}
	if len(p.antiAffinityGroups) > 8 || len(p.securityGroups) > maxNodeGroups || len(p.privateNetworks) > maxNodeGroups {
		f.Reject("a nodepool has at most 8 anti-affinity groups, %d security groups and %d private networks",
			maxNodeGroups, maxNodeGroups)
	}
}

func readTaints(f *wire.Fields) map[string]sksTaint {
	taints := map[string]sksTaint{}
	for _, name := range f.Keys() {
		o := f.Object(name)
		if o == nil {
			continue
		}
		o.Require("value", "effect")
		var t sksTaint
		o.Text("value", &t.Value, 1, wire.MaxText)
		o.OneOf("effect", &t.Effect, "NoExecute", "NoSchedule", "PreferNoSchedule")
		taints[name] = t
	}
	return taints
}

// readImageGC returns nothing for an empty object, which clients send instead
// of none.
func readImageGC(f *wire.Fields) *kubeletImageGC {
	var v kubeletImageGC
	f.Integer("high-threshold", &v.HighThreshold, 0, 100)
	f.Integer("low-threshold", &v.LowThreshold, 0, 100)
	f.Text("min-age", &v.MinAge, 1, wire.MaxText)
	if _, err := time.ParseDuration(v.MinAge); v.MinAge != "" && err != nil {
		f.Reject("%smin-age must be a duration such as 2m", f.Path)
	}
	if v == (kubeletImageGC{}) {
		return nil
	}
	return &v
}

func (s *sksClusters) createNodepool(r *request) (any, error) {
	c, err := s.ready(r)
	if err != nil {
		return nil, err
	}
	f := r.fields()
	f.Require("name", "size", "disk-size", "instance-type")
	f.RefuseNull()
	n := &sksNodepool{id: s.world.IDs.UUID(), created: s.world.Timestamp()}
	p := &pool{
		instanceSpec: instanceSpec{
			assignment: "inet4", template: s.specs.catalog.templateByID(nodeTemplateID(c.version, "standard")),
		},
		id: s.world.IDs.UUID(), zone: c.zone, prefix: defaultPrefix, state: poolCreating,
		owner: &managerView{n.id, managerNodepool},
		gone:  func() { c.nodepools.Remove(n.id) },
	}
	n.pool, p.manager = p, managerView{p.id, managerPool}
	s.readNodepool(f, c, n, p)
	readWords(f, "addons", &n.addons, "storage-lvm")
	f.Integer("size", &p.size, 1, math.MaxInt32)
	if err := f.Err(); err != nil {
		return nil, err
	}
	if err := c.uniqueNodepool(n); err != nil {
		return nil, err
	}
	if c.nodepools.Len() >= maxNodepools {
		return nil, wire.Forbidden("SKS cluster %s has %d nodepools, the most that it may have", c.id, maxNodepools)
	}
	p.name = n.name
	act, err := s.pools.creating(r, p)
	if err != nil {
		return nil, err
	}
	return s.changeNodepool(r, c, n, func(op *world.Operation) {
		if act(op); s.pools.Get(p.id) == p {
			c.nodepools.Add(n.id, n)
		}
	})
}

func (c *sksCluster) uniqueNodepool(n *sksNodepool) error {
	for other := range c.nodepools.All() {
		if other.id != n.id && other.name == n.name {
			return wire.Conflict("SKS nodepool %s already exists", n.name)
		}
	}
	return nil
}

// changeNodepool accepts a change of a node pool.
func (s *sksClusters) changeNodepool(r *request, c *sksCluster, n *sksNodepool, act func(*world.Operation)) (any, error) {
	return s.world.Change(r.operationID, s.kind+"/"+c.id+"/nodepool", n.id, act), nil
}

func (s *sksClusters) nodepool(r *request) (*sksCluster, *sksNodepool, error) {
	c, err := s.named(r)
	if err != nil {
		return nil, nil, err
	}
	n := c.nodepools.Get(r.params["sks-nodepool-id"])
	if n == nil {
		return nil, nil, wire.NotFound("nodepool of SKS cluster "+c.id, r.params["sks-nodepool-id"])
	}
	return c, n, nil
}

func (s *sksClusters) getNodepool(r *request) (any, error) {
	c, n, err := s.nodepool(r)
	if err != nil {
		return nil, err
	}
	return n.view(c), nil
}
