package exoscale

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/exoscale/egoscale/v2/oapi"

	"github.com/exopool/exopool/discovery"
)

// A Lister lists the pools and members of the client's zone.
type Lister struct{ client *Client }

var (
	_ discovery.Lister        = (*Lister)(nil)
	_ discovery.BackendLister = (*Lister)(nil)
)

// LabelPrefix begins the names of Prometheus labels about Exoscale.
const LabelPrefix = "__meta_exoscale_"

// Lister returns the client's lister; it makes no call.
func (c *Client) Lister() *Lister { return &Lister{client: c} }

// Instances implements [discovery.Lister]. For one pool the API sends that
// pool's members only, for several all instances of the zone.
func (l *Lister) Instances(ctx context.Context, poolIDs []string) ([]discovery.Instance, error) {
	if len(poolIDs) == 0 {
		return nil, nil
	}
	listed, err := l.client.listInstances(ctx, poolIDs)
	if err != nil {
		return nil, fmt.Errorf("list pool members: %w", err)
	}
	members := make([]discovery.Instance, 0, len(listed))
	for _, wire := range listed {
		member, err := instance(wire)
		if err != nil {
			return nil, fmt.Errorf("list pool members: %w", err)
		}
		members = append(members, member)
	}
	return members, nil
}

// Pool implements [discovery.Lister].
func (l *Lister) Pool(ctx context.Context, poolID string) (discovery.Pool, error) {
	pool, err := l.client.getPool(ctx, poolID)
	if err != nil {
		return discovery.Pool{}, fmt.Errorf("read pool %s: %w", poolID, err)
	}
	if pool.Size == nil { // it would confirm that there are no members
		return discovery.Pool{}, fmt.Errorf("read pool %s: %w", poolID, missingField("size"))
	}
	return discovery.Pool{
		ID:      *pool.Id,
		Name:    orZero(pool.Name),
		State:   string(orZero(pool.State)),
		Size:    int(*pool.Size),
		Members: ids(pool.Instances, func(i oapi.Instance) *string { return i.Id }),
	}, nil
}

// listInstances lists, with one call, the instances whose manager is one of
// the pools. An answer without any list is an error, never an empty pool.
func (c *Client) listInstances(ctx context.Context, poolIDs []string) ([]*oapi.Instance, error) {
	params := new(oapi.ListInstancesParams)
	if len(poolIDs) == 1 {
		byPool := oapi.ListInstancesParamsManagerType("instance-pool")
		params.ManagerId, params.ManagerType = &poolIDs[0], &byPool
	}
	resp, err := c.api.ListInstancesWithResponse(ctx, params)
	if err != nil {
		return nil, c.explain(err)
	}
	if resp.JSON200.Instances == nil {
		return nil, missingField("instances")
	}
	wanted := make(map[string]bool, len(poolIDs))
	for _, id := range poolIDs {
		wanted[strings.ToLower(id)] = true
	}
	all := *resp.JSON200.Instances
	members := make([]*oapi.Instance, 0, len(all))
	for i := range all {
		if by := all[i].Manager; by != nil && wanted[strings.ToLower(orZero(by.Id))] {
			members = append(members, &all[i])
		}
	}
	return members, nil
}

// instance translates a member; fields that are missing stay empty.
func instance(wire *oapi.Instance) (discovery.Instance, error) {
	id := orZero(wire.Id)
	if id == "" {
		return discovery.Instance{}, missingField("instance id")
	}
	return discovery.Instance{
		ID:                   id,
		Name:                 orZero(wire.Name),
		PoolID:               strings.ToLower(orZero(wire.Manager.Id)),
		State:                string(orZero(wire.State)),
		Gone:                 isGone(orZero(wire.State)),
		IPv4:                 address(wire.PublicIp),
		IPv6:                 address(wire.Ipv6Address),
		TypeID:               orZero(orZero(wire.InstanceType).Id),
		TemplateID:           orZero(orZero(wire.Template).Id),
		Created:              orZero(wire.CreatedAt),
		Labels:               orZero(wire.Labels).AdditionalProperties,
		SecurityGroupIDs:     ids(wire.SecurityGroups, func(g oapi.SecurityGroup) *string { return g.Id }),
		AntiAffinityGroupIDs: ids(wire.AntiAffinityGroups, func(g oapi.AntiAffinityGroup) *string { return g.Id }),
	}, nil
}

// isGone reports whether a member's machine no longer exists, though the API
// still lists it. One that is being destroyed may still answer.
func isGone(state oapi.InstanceState) bool {
	return state == oapi.InstanceStateDestroyed || state == oapi.InstanceStateExpunging
}

// address parses an address; discovery decides whether it may be a target. A
// machine without one has none, an empty one or an unspecified one. One that is
// invalid counts as none, too, so that the other members are not lost.
func address(text *string) netip.Addr {
	addr, err := netip.ParseAddr(orZero(text))
	if err != nil || addr.IsUnspecified() {
		return netip.Addr{}
	}
	return addr
}

// ids collects the ids of a list of references.
func ids[T any](refs *[]T, id func(T) *string) []string {
	var out []string
	for _, ref := range orZero(refs) {
		if v := id(ref); v != nil {
			out = append(out, *v)
		}
	}
	return out
}
