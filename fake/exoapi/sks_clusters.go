package exoapi

import (
	"time"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
)

// States of an SKS cluster besides those of what it rotates.
const (
	sksCreating  = "creating"
	sksRunning   = "running"
	sksUpdating  = "updating"
	sksUpgrading = "upgrading"
	sksDeleting  = "deleting"
)

// How long the states of a cluster last.
const (
	sksCreateTime  = 90 * time.Second
	sksUpgradeTime = 60 * time.Second
	sksChangeTime  = 5 * time.Second
)

// An sksCluster is a managed Kubernetes cluster, of which only the API is
// there: no control plane runs, and nodes do not join.
//
//	creating ──▶ running ◀──▶ updating, upgrading, rotating-...
//	                └──▶ deleting ──▶ gone
type sksCluster struct {
	sksSettings

	id, zone, created string
	state             string
	version           string
	level             string
	cni               string
	kubeProxy         bool
	defaultGroup      string // the id of its own security group; empty without one
	nodepools         world.Store[sksNodepool]
	certificates      map[string]string // by authority, made when they are first asked for
}

type sksClusterView struct {
	ID           string            `json:"id"`
	Name         string            `json:"name"`
	Description  string            `json:"description,omitempty"`
	CreatedAt    string            `json:"created-at"`
	State        string            `json:"state"`
	Version      string            `json:"version"`
	Level        string            `json:"level"`
	CNI          string            `json:"cni"`
	Endpoint     string            `json:"endpoint"`
	AutoUpgrade  bool              `json:"auto-upgrade"`
	KubeProxy    bool              `json:"enable-kube-proxy"`
	OperatorsCA  bool              `json:"enable-operators-ca"`
	Addons       []string          `json:"addons"`
	FeatureGates []string          `json:"feature-gates,omitempty"`
	Labels       map[string]string `json:"labels,omitempty"`
	DefaultGroup string            `json:"default-security-group-id,omitempty"`
	OIDC         *sksOIDC          `json:"oidc,omitempty"`
	Audit        *sksAudit         `json:"audit,omitempty"`
	Nodepools    []sksNodepoolView `json:"nodepools"`
}

// sksClusters are the clusters of all zones.
type sksClusters struct {
	collection[sksCluster]

	timing Timing
	specs  *specReader
	pools  *pools
}

func newSKSClusters(w *world.World, timing Timing) *sksClusters {
	return &sksClusters{
		collection: collection[sksCluster]{
			world: w, kind: "sks-cluster", label: "SKS cluster",
			quota: &world.Quota{Name: "sks-cluster", Limit: 5},
			zone:  func(c *sksCluster) string { return c.zone },
			name:  func(c *sksCluster) string { return c.name },
			view:  func(c *sksCluster) any { return c.view() },
		},
		timing: timing,
	}
}

func (s *sksClusters) declare() resource {
	d := s.collection.declare(
		get("/sks-cluster", "list-sks-clusters", s.list),
		post("/sks-cluster", "create-sks-cluster", s.create),
		get("/sks-cluster/{id}", "get-sks-cluster", s.get),
		put("/sks-cluster/{id}", "update-sks-cluster", s.update),
		del("/sks-cluster/{id}", "delete-sks-cluster", s.delete),
		put("/sks-cluster/{id}/upgrade", "upgrade-sks-cluster", s.upgrade),
		put("/sks-cluster/{id}/upgrade-service-level", "upgrade-sks-cluster-service-level", s.upgradeLevel),
		put("/sks-cluster/{id}/rotate-ccm-credentials", "rotate-sks-ccm-credentials", s.rotate("exoscale-cloud-controller", "ccm")),
		put("/sks-cluster/{id}/rotate-csi-credentials", "rotate-sks-csi-credentials", s.rotate("exoscale-container-storage-interface", "csi")),
		put("/sks-cluster/{id}/rotate-karpenter-credentials", "rotate-sks-karpenter-credentials", s.rotate("karpenter", "karpenter")),
		put("/sks-cluster/{id}/rotate-operators-ca", "rotate-sks-operators-ca", s.rotateOperatorsCA),
		get("/sks-cluster/{id}/authority/{authority}/cert", "get-sks-cluster-authority-cert", s.certificate),
		get("/sks-cluster/{id}/inspection", "get-sks-cluster-inspection", s.inspection),
		get("/sks-cluster-version", "list-sks-cluster-versions", listSKSVersions),
		get("/sks-template/{kube-version}/{variant}", "get-active-nodepool-template", getNodeTemplate),
		post("/sks-cluster/{id}/nodepool", "create-sks-nodepool", s.createNodepool),
		get("/sks-cluster/{id}/nodepool/{sks-nodepool-id}", "get-sks-nodepool", s.getNodepool),
		put("/sks-cluster/{id}/nodepool/{sks-nodepool-id}", "update-sks-nodepool", s.updateNodepool),
		del("/sks-cluster/{id}/nodepool/{sks-nodepool-id}", "delete-sks-nodepool", s.deleteNodepool),
		put("/sks-cluster/{id}/nodepool/{sks-nodepool-id}:scale", "scale-sks-nodepool", s.scaleNodepool),
		put("/sks-cluster/{id}/nodepool/{sks-nodepool-id}:evict", "evict-sks-nodepool-members", s.evictNodepoolMembers),
	)
	deprecated := get("/sks-cluster-deprecated-resources/{id}", "list-sks-cluster-deprecated-resources", s.deprecatedResources)
	deprecated.kind = s.kind
	d.routes = append(append(d.routes, deprecated), sksWithoutControlPlane()...)
	d.User = func(id string) string {
		for c := range s.All() {
			if c.defaultGroup == id {
				return "SKS cluster " + c.id
			}
		}
		return ""
	}
	return d
}

// sksWithoutControlPlane are the calls whose answer would be of use with a
// control plane only.
func sksWithoutControlPlane() []*route {
	kubeconfig := post("/sks-cluster-kubeconfig/{id}", "generate-sks-cluster-kubeconfig", nil)
	kubeconfig.reason = "no control plane runs behind the cluster, so that nobody could use a kubeconfig"
	routes := []*route{
		kubeconfig,
		put("/sks-cluster/{id}/generate-karpenter-nodepool", "generate-sks-karpenter-nodepool", nil),
		put("/sks-cluster/{id}/generate-karpenter-exoscale-nodeclass", "generate-sks-karpenter-exoscale-nodeclass", nil),
	}
	for _, r := range routes[1:] {
		r.reason = "no control plane runs behind the cluster that could apply a manifest"
	}
	return routes
}

// view names an endpoint that cannot exist, as nothing answers there and the
// original's must not be reached.
func (c *sksCluster) view() sksClusterView {
	v := sksClusterView{
		ID:           c.id,
		Name:         c.name,
		Description:  c.description,
		CreatedAt:    c.created,
		State:        c.state,
		Version:      c.version,
		Level:        c.level,
		CNI:          c.cni,
		Endpoint:     c.id + ".sks-" + c.zone + ".invalid",
		AutoUpgrade:  c.autoUpgrade,
		KubeProxy:    c.kubeProxy,
		OperatorsCA:  c.operatorsCA,
		Addons:       wire.NonNil(c.addons),
		FeatureGates: c.featureGates,
		Labels:       c.labels,
		DefaultGroup: c.defaultGroup,
		OIDC:         c.oidc,
		Audit:        c.audit,
		Nodepools:    []sksNodepoolView{},
	}
	for n := range c.nodepools.All() {
		v.Nodepools = append(v.Nodepools, n.view(c))
	}
	return v
}

// ready finds the one that the path names, unless it is doing something.
func (s *sksClusters) ready(r *request) (*sksCluster, error) {
	c, err := s.named(r)
	if err == nil && c.state != sksRunning {
		err = wire.Conflict("SKS cluster %s is %s", c.id, c.state)
	}
	return c, err
}

// pass accepts a change that puts a cluster into a state for a while; done is
// called at its end, before the cluster runs again.
func (s *sksClusters) pass(r *request, c *sksCluster, state string, wait time.Duration, done func()) (any, error) {
	return s.change(r, c.id, func(op *world.Operation) {
		c.state = state
		s.world.After(s.timing.wait(wait), func() {
			c.state = sksRunning
			done()
			s.world.Succeed(op)
		})
	})
}

func (s *sksClusters) create(r *request) (any, error) {
	f := r.fields()
	f.Require("name", "level", "version")
	c := &sksCluster{id: s.world.IDs.UUID(), zone: r.zone, created: s.world.Timestamp(), cni: "calico"}
	c.operatorsCA = true
	c.readNew(f)
	var ownGroup bool
	f.Clears("create-default-security-group")
	f.Boolean("create-default-security-group", &ownGroup)
	f.OneOf("level", &c.level, "starter", "pro")
	f.OneOf("cni", &c.cni, "calico", "cilium")
	c.kubeProxy = c.cni != "cilium"
	f.Boolean("enable-kube-proxy", &c.kubeProxy)
	f.OneOf("version", &c.version, sksVersions()...)
	readSKSNetworking(f)
	if err := f.Err(); err != nil {
		return nil, err
	}
	if err := s.checkQuota(r, 1); err != nil {
		return nil, err
	}
	return s.change(r, c.id, func(op *world.Operation) {
		if ownGroup {
			s.addOwnGroup(c)
		}
		c.state = sksCreating
		s.Add(c.id, c)
		s.world.After(s.timing.wait(sksCreateTime), func() {
			c.state = sksRunning
			s.world.Succeed(op)
		})
	})
}

func (s *sksClusters) update(r *request) (any, error) {
	c, err := s.ready(r)
	if err != nil {
		return nil, err
	}
	f := r.fields()
	changed := c.sksSettings
	changed.readChanges(f)
	if err := f.Err(); err != nil {
		return nil, err
	}
	return s.pass(r, c, sksUpdating, sksChangeTime, func() { c.sksSettings = changed })
}

// delete takes the cluster's own security group along, unless something else
// uses it.
func (s *sksClusters) delete(r *request) (any, error) {
	c, err := s.ready(r)
	if err != nil {
		return nil, err
	}
	if c.nodepools.Len() > 0 {
		return nil, wire.Conflict("SKS cluster %s still has %d nodepools", c.id, c.nodepools.Len())
	}
	return s.pass(r, c, sksDeleting, sksChangeTime, func() {
		s.Remove(c.id)
		if groups := s.specs.securityGroups; c.defaultGroup != "" && s.world.UserOf(c.defaultGroup) == "" {
			groups.Remove(c.defaultGroup)
			groups.changed()
		}
	})
}
