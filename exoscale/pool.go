package exoscale

import (
	"context"
	"fmt"
	"strings"

	"github.com/exoscale/egoscale/v2/oapi"
	"github.com/google/uuid"

	"github.com/exopool/exopool/autoscale"
)

// A Pool is one instance pool of the client's zone. Its errors name neither the
// pool nor the call: the caller does, with the name that its user gave.
type Pool struct {
	client *Client
	id     string
}

var _ autoscale.Pool = (*Pool)(nil)

// Pool returns the pool with this id; it makes no call. [Client.ResolvePool]
// turns a name into an id.
func (c *Client) Pool(id string) *Pool { return &Pool{client: c, id: id} }

// Status implements [autoscale.Pool] with two API calls. Members are counted
// in two ways, from the pool's own list and from the instances that it manages,
// and the higher count is returned: while members come and go, each list can lag
// behind. The pool is read last: the less time passes until the size is set, the
// less likely is it that another client's change of it is overwritten.
func (p *Pool) Status(ctx context.Context) (autoscale.Status, error) {
	managed, err := p.client.listInstances(ctx, []string{p.id})
	if err != nil {
		return autoscale.Status{}, fmt.Errorf("list the members: %w", err)
	}
	pool, err := p.client.getPool(ctx, p.id)
	if err != nil {
		return autoscale.Status{}, err
	}
	switch {
	case pool.Size == nil:
		return autoscale.Status{}, missingField("size")
	case pool.State == nil:
		return autoscale.Status{}, missingField("state")
	}
	return autoscale.Status{
		Size:    int(*pool.Size),
		Members: max(len(managed), len(orZero(pool.Instances))),
		State:   autoscale.State(*pool.State),
	}, nil
}

// Resize implements [autoscale.Pool]. The request is sent once.
func (p *Pool) Resize(ctx context.Context, size int) error {
	resp, err := p.client.api.ScaleInstancePoolWithResponse(ctx, p.id,
		oapi.ScaleInstancePoolJSONRequestBody{Size: int64(size)})
	if err != nil {
		return p.client.explainResize(err)
	}
	return p.client.await(ctx, resp.JSON200)
}

// getPool reads a pool, and checks that the answer is about it.
func (c *Client) getPool(ctx context.Context, id string) (*oapi.InstancePool, error) {
	resp, err := c.api.GetInstancePoolWithResponse(ctx, id)
	if err != nil {
		return nil, c.explainPool(err)
	}
	if !strings.EqualFold(orZero(resp.JSON200.Id), id) {
		return nil, fmt.Errorf("%w: about another pool", errMalformed)
	}
	return resp.JSON200, nil
}

// ResolvePool returns the id of a pool that is given by id or name. An id is
// returned in lower case, without a call; a name is looked up in the zone. If
// there is no such pool, the error lists the names; if there are several, their
// ids.
func (c *Client) ResolvePool(ctx context.Context, nameOrID string) (string, error) {
	if isUUID(nameOrID) {
		return strings.ToLower(nameOrID), nil
	}
	resp, err := c.api.ListInstancePoolsWithResponse(ctx)
	if err != nil {
		return "", fmt.Errorf("look up pool %q: %w", nameOrID, c.explain(err))
	}
	if resp.JSON200.InstancePools == nil {
		return "", fmt.Errorf("look up pool %q: %w", nameOrID, missingField("instance-pools"))
	}
	var ids, names []string
	for _, pool := range *resp.JSON200.InstancePools {
		name, id := orZero(pool.Name), orZero(pool.Id)
		names = append(names, name)
		if name == nameOrID && id != "" {
			ids = append(ids, id)
		}
	}
	switch len(ids) {
	case 0:
		return "", &poolNotFound{fmt.Sprintf("no pool named %q in zone %s; %s", nameOrID, c.cfg.Zone, enumerate(names))}
	case 1:
		return ids[0], nil
	}
	return "", fmt.Errorf("%d pools in zone %s are named %q: give the id of one: %s",
		len(ids), c.cfg.Zone, nameOrID, strings.Join(ids, ", "))
}

// maxNames is how many pools an error text lists.
const maxNames = 10

func enumerate(names []string) string {
	switch {
	case len(names) == 0:
		return "the zone has none"
	case len(names) > maxNames:
		return fmt.Sprintf("there are %s and %d more", strings.Join(names[:maxNames], ", "), len(names)-maxNames)
	}
	return "there are: " + strings.Join(names, ", ")
}

// isUUID reports whether s has the form of an id.
func isUUID(s string) bool { return len(s) == 36 && uuid.Validate(s) == nil }

// orZero returns what v points to, or the zero value if v is nil: the API omits
// empty fields.
func orZero[T any](v *T) (zero T) {
	if v == nil {
		return zero
	}
	return *v
}
