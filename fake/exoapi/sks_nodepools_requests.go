package exoapi

import (
	"math"

	"github.com/exopool/exopool/fake/exoapi/internal/world"
)

// updateNodepool leaves nodes as they are: only new ones are made from what was
// changed.
func (s *sksClusters) updateNodepool(r *request) (any, error) {
	c, n, err := s.nodepool(r)
	if err != nil {
		return nil, err
	}
	f := r.fields()
	changed, p := *n, *n.pool
	s.readNodepool(f, c, &changed, &p)
	if err := f.Err(); err != nil {
		return nil, err
	}
	if err := c.uniqueNodepool(&changed); err != nil {
		return nil, err
	}
	p.name = changed.name
	act, err := s.pools.changing(n.pool, p)
	if err != nil {
		return nil, err
	}
	return s.changeNodepool(r, c, n, func(op *world.Operation) {
		*n = changed
		act(op)
	})
}

func (s *sksClusters) scaleNodepool(r *request) (any, error) {
	c, n, err := s.nodepool(r)
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
	act, err := s.pools.scaling(n.pool, size, r.operationID)
	if err != nil {
		return nil, err
	}
	return s.changeNodepool(r, c, n, act)
}

func (s *sksClusters) evictNodepoolMembers(r *request) (any, error) {
	c, n, err := s.nodepool(r)
	if err != nil {
		return nil, err
	}
	act, err := s.pools.evicting(r, n.pool)
	if err != nil {
		return nil, err
	}
	return s.changeNodepool(r, c, n, act)
}

func (s *sksClusters) deleteNodepool(r *request) (any, error) {
	c, n, err := s.nodepool(r)
	if err != nil {
		return nil, err
	}
	act, err := s.pools.destroying(n.pool, r.operationID)
	if err != nil {
		return nil, err
	}
	return s.changeNodepool(r, c, n, act)
}

// addOwnGroup adds the security group of a cluster, with what its nodes need
// of one another, and of the world for services.
func (s *sksClusters) addOwnGroup(c *sksCluster) {
	g := &securityGroup{
		id: s.world.IDs.UUID(), name: "sks-" + c.id, description: "SKS cluster " + c.id, visibility: visibilityPrivate,
	}
	allow := func(description, protocol string, from, to int, peer *securityGroup) {
		u := rule{
			ID: s.world.IDs.UUID(), Description: description, FlowDirection: "ingress",
			Protocol: protocol, StartPort: from, EndPort: to, Network: "0.0.0.0/0",
		}
		if peer != nil {
			u.peer, u.Group, u.Network = peer, peer.asPeer(), ""
		}
		g.rules = append(g.rules, u)
	}
	allow("NodePort services", "tcp", 30000, 32767, nil)
	allow("NodePort services", "udp", 30000, 32767, nil)
	allow("kubelet", "tcp", 10250, 10250, g)
	if c.cni == "calico" {
		allow("Calico VXLAN", "udp", 4789, 4789, g)
	} else {
		allow("Cilium VXLAN", "udp", 8472, 8472, g)
		allow("Cilium health", "tcp", 4240, 4240, g)
	}
	c.defaultGroup = g.id
	s.specs.securityGroups.Add(g.id, g)
	s.specs.securityGroups.changed()
}
