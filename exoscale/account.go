package exoscale

import (
	"context"
	"fmt"
	"strings"

	"github.com/exoscale/egoscale/v2/oapi"

	"github.com/exopool/exopool/sweep"
)

// An Account is all that the client's zone and organization have, of the kinds
// that the Terraform module creates.
type Account struct{ client *Client }

var _ sweep.Account = (*Account)(nil)

// Account returns the client's account; it makes no call.
func (c *Client) Account() *Account { return &Account{client: c} }

// List implements [sweep.Account] with one API call. An answer without any
// list is an error, never an empty account.
func (a *Account) List(ctx context.Context, kind sweep.Kind) ([]sweep.Resource, error) {
	api := a.client.api
	switch kind {
	case sweep.LoadBalancerService, sweep.LoadBalancer:
		resp, err := api.ListLoadBalancersWithResponse(ctx)
		if err != nil {
			return nil, a.client.explain(err)
		}
		if kind == sweep.LoadBalancer {
			return resources(kind, "load-balancers", resp.JSON200.LoadBalancers, balancerResource)
		}
		return parts(kind, "load-balancers", resp.JSON200.LoadBalancers, serviceResources)
	case sweep.Instance:
		resp, err := api.ListInstancesWithResponse(ctx, new(oapi.ListInstancesParams))
		if err != nil {
			return nil, a.client.explain(err)
		}
		return resources(kind, "instances", resp.JSON200.Instances, instanceResource)
	case sweep.InstancePool:
		resp, err := api.ListInstancePoolsWithResponse(ctx)
		if err != nil {
			return nil, a.client.explain(err)
		}
		return resources(kind, "instance-pools", resp.JSON200.InstancePools, poolResource)
	case sweep.SecurityGroupRule, sweep.SecurityGroup:
		resp, err := api.ListSecurityGroupsWithResponse(ctx, new(oapi.ListSecurityGroupsParams))
		if err != nil {
			return nil, a.client.explain(err)
		}
		if kind == sweep.SecurityGroup {
			return resources(kind, "security-groups", resp.JSON200.SecurityGroups, groupResource)
		}
		return parts(kind, "security-groups", resp.JSON200.SecurityGroups, ruleResources)
	case sweep.SSHKey:
		resp, err := api.ListSshKeysWithResponse(ctx)
		if err != nil {
			return nil, a.client.explain(err)
		}
		return resources(kind, "ssh-keys", resp.JSON200.SshKeys, sshKeyResource)
	case sweep.APIKey:
		resp, err := api.ListApiKeysWithResponse(ctx)
		if err != nil {
			return nil, a.client.explain(err)
		}
		return resources(kind, "api-keys", resp.JSON200.ApiKeys, a.apiKeyResource)
	case sweep.Role:
		resp, err := api.ListIamRolesWithResponse(ctx)
		if err != nil {
			return nil, a.client.explain(err)
		}
		return resources(kind, "iam-roles", resp.JSON200.IamRoles, roleResource)
	case sweep.Other:
	}
	return nil, fmt.Errorf("unknown %s", kind)
}

// resources translates a list; what has no id cannot be deleted and is left out.
func resources[T any](kind sweep.Kind, field string, list *[]T, translate func(*T) sweep.Resource) ([]sweep.Resource, error) {
	return parts(kind, field, list, func(wire *T) []sweep.Resource { return []sweep.Resource{translate(wire)} })
}

// parts is resources for a list of which each entry holds several.
func parts[T any](kind sweep.Kind, field string, list *[]T, translate func(*T) []sweep.Resource) ([]sweep.Resource, error) {
	if list == nil {
		return nil, missingField(field)
	}
	var found []sweep.Resource
	for i := range *list {
		for _, resource := range translate(&(*list)[i]) {
			if resource.ID != "" {
				resource.Kind = kind
				found = append(found, resource)
			}
		}
	}
	return found, nil
}

func balancerResource(b *oapi.LoadBalancer) sweep.Resource {
	return sweep.Resource{ID: orZero(b.Id), Name: orZero(b.Name), Running: running(b.State)}
}

// running returns the state of a resource that costs money.
func running[T ~string](state *T) string {
	if text := string(orZero(state)); text != "" {
		return text
	}
	return "in an unknown state"
}

func serviceResources(b *oapi.LoadBalancer) []sweep.Resource {
	services := orZero(b.Services)
	found := make([]sweep.Resource, 0, len(services))
	for _, s := range services {
		found = append(found, sweep.Resource{ID: orZero(s.Id), Name: orZero(s.Name), Parent: orZero(b.Id), ParentName: orZero(b.Name)})
	}
	return found
}

func instanceResource(i *oapi.Instance) sweep.Resource {
	return sweep.Resource{ID: orZero(i.Id), Name: orZero(i.Name), Parent: orZero(orZero(i.Manager).Id), Running: running(i.State)}
}

func poolResource(p *oapi.InstancePool) sweep.Resource {
	members := max(len(orZero(p.Instances)), int(orZero(p.Size)))
	return sweep.Resource{ID: orZero(p.Id), Name: orZero(p.Name), Running: fmt.Sprintf("%s, members: %d", running(p.State), members)}
}

func groupResource(g *oapi.SecurityGroup) sweep.Resource {
	return sweep.Resource{ID: orZero(g.Id), Name: orZero(g.Name)}
}

func ruleResources(g *oapi.SecurityGroup) []sweep.Resource {
	rules := orZero(g.Rules)
	found := make([]sweep.Resource, 0, len(rules))
	for _, r := range rules {
		found = append(found, sweep.Resource{ID: orZero(r.Id), Name: ruleName(r), Parent: orZero(g.Id), ParentName: orZero(g.Name)})
	}
	return found
}

// ruleName describes a rule, as it has no name: "ingress tcp 80 from 0.0.0.0/0".
func ruleName(r oapi.SecurityGroupRule) string {
	words := []string{string(orZero(r.FlowDirection)), string(orZero(r.Protocol))}
	if low, high := orZero(r.StartPort), orZero(r.EndPort); low != 0 && low == high {
		words = append(words, fmt.Sprint(low))
	} else if high != 0 {
		words = append(words, fmt.Sprintf("%d-%d", low, high))
	}
	peer := orZero(r.Network)
	if group := orZero(r.SecurityGroup); peer == "" {
		peer = orZero(group.Name)
	}
	if peer != "" {
		words = append(words, "from", peer)
	}
	return strings.Join(words, " ")
}

func sshKeyResource(k *oapi.SshKey) sweep.Resource {
	return sweep.Resource{ID: orZero(k.Name), Name: orZero(k.Name)}
}

// apiKeyResource leaves out the key that signs the calls.
func (a *Account) apiKeyResource(k *oapi.IamApiKey) sweep.Resource {
	if orZero(k.Key) == a.client.cfg.Key {
		return sweep.Resource{}
	}
	return sweep.Resource{ID: orZero(k.Key), Name: orZero(k.Name)}
}

func roleResource(r *oapi.IamRole) sweep.Resource {
	return sweep.Resource{ID: orZero(r.Id), Name: orZero(r.Name)}
}
