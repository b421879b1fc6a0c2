package exoscale

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
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

// ProtectLabel is the label of an instance that keeps it from being evicted,
// whatever its value.
const ProtectLabel = "exopool-protect"

// Status implements [autoscale.Pool] with three API calls. Members are those of
// the pool's own list and the instances that it manages, because each list can
// lag behind while members come and go; of one that only the pool lists, the id
// is known. The pool is read last: the less time passes until the size is set,
// the less likely is it that another client's change of it is overwritten.
func (p *Pool) Status(ctx context.Context) (autoscale.Status, error) {
	checks, healthErr := p.healthChecks(ctx)
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
	all := members(managed, pool, checks)
	if healthErr == nil {
		healthErr = checks.silence(all)
	}
	return autoscale.Status{
		Size:      int(*pool.Size),
		Members:   all,
		HealthErr: healthErr,
		State:     autoscale.State(*pool.State),
		Settings:  settings(pool),
	}, nil
}

// members merges both lists of members.
func members(managed []*oapi.Instance, pool *oapi.InstancePool, checks healthChecks) []autoscale.Member {
	var all []autoscale.Member
	known := map[string]bool{}
	for _, wire := range managed {
		if id := orZero(wire.Id); id != "" && !known[id] {
			known[id] = true
			m := member(wire, checks)
			m.Outdated = isOutdated(wire, pool)
			all = append(all, m)
		}
	}
	for _, id := range ids(pool.Instances, func(i oapi.Instance) *string { return i.Id }) {
		if !known[id] {
			known[id] = true
			all = append(all, autoscale.Member{ID: id})
		}
	}
	return all
}

func member(wire *oapi.Instance, checks healthChecks) autoscale.Member {
	m := autoscale.Member{
		ID: *wire.Id, Name: orZero(wire.Name), Address: address(wire.PublicIp),
		Created: orZero(wire.CreatedAt), State: memberState(orZero(wire.State)),
	}
	m.Health = checks.of(m.Address)
	_, m.Protected = orZero(wire.Labels).AdditionalProperties[ProtectLabel]
	return m
}

// settings identifies what the pool makes a member with now, without showing it. An
// answer that lacks what each pool has shows nothing of it.
func settings(pool *oapi.InstancePool) string {
	template, instanceType := orZero(orZero(pool.Template).Id), orZero(orZero(pool.InstanceType).Id)
	if template == "" || instanceType == "" || pool.DiskSize == nil {
		return ""
	}
	hash := sha256.New()
	fmt.Fprintf(hash, "%s %s %d %s", strings.ToLower(template), strings.ToLower(instanceType), *pool.DiskSize, orZero(pool.UserData))
	return hex.EncodeToString(hash.Sum(nil)[:16])
}

// isOutdated reports whether a pool would make a member with another template or
// type now. Lists of members show no more of what they were made with: of the rest,
// [autoscale.Status.Settings] tells that it has changed.
func isOutdated(wire *oapi.Instance, pool *oapi.InstancePool) bool {
	return differ(orZero(wire.Template).Id, orZero(pool.Template).Id) || differ(orZero(wire.InstanceType).Id, orZero(pool.InstanceType).Id)
}

// differ reports whether both ids are known and not the same.
func differ(a, b *string) bool { return a != nil && b != nil && !strings.EqualFold(*a, *b) }

// memberState translates the state of an instance; one that is unknown is that
// of a member that is not running yet.
func memberState(state oapi.InstanceState) autoscale.MemberState {
	switch state {
	case oapi.InstanceStateRunning, oapi.InstanceStateMigrating:
		return autoscale.MemberRunning
	case oapi.InstanceStateError, oapi.InstanceStateStopped:
		return autoscale.MemberFailed
	case oapi.InstanceStateStopping:
		return autoscale.MemberStopping
	case oapi.InstanceStateDestroying, oapi.InstanceStateDestroyed, oapi.InstanceStateExpunging:
		return autoscale.MemberLeaving
	default:
		return autoscale.MemberStarting
	}
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

// Evict implements [autoscale.Pool]. The request is sent once. If one of the
// members is gone, the API refuses.
func (p *Pool) Evict(ctx context.Context, ids []string) error {
	resp, err := p.client.api.EvictInstancePoolMembersWithResponse(ctx, p.id,
		oapi.EvictInstancePoolMembersJSONRequestBody{Instances: &ids})
	if err != nil {
		err = p.client.explainResize(err)
		if errors.Is(err, autoscale.ErrPoolNotFound) { // the API's 404 does not say what is missing
			return fmt.Errorf("%w: the pool, or a member of it, no longer exists", autoscale.ErrRefused)
		}
		return err
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
