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
func (a *Account) List(ctx context.Context, kind sweep.Kind) ([]sweep.Thing, error) {
	api := a.client.api
	switch kind {
	case sweep.LoadBalancerService, sweep.LoadBalancer:
		resp, err := api.ListLoadBalancersWithResponse(ctx)
		if err != nil {
			return nil, a.client.explain(err)
		}
		if kind == sweep.LoadBalancer {
			return things(kind, "load-balancers", resp.JSON200.LoadBalancers, balancerThing)
		}
		return parts(kind, "load-balancers", resp.JSON200.LoadBalancers, serviceThings)
	case sweep.Instance:
		resp, err := api.ListInstancesWithResponse(ctx, new(oapi.ListInstancesParams))
		if err != nil {
			return nil, a.client.explain(err)
		}
		return things(kind, "instances", resp.JSON200.Instances, instanceThing)
	case sweep.InstancePool:
		resp, err := api.ListInstancePoolsWithResponse(ctx)
		if err != nil {
			return nil, a.client.explain(err)
		}
		return things(kind, "instance-pools", resp.JSON200.InstancePools, poolThing)
	case sweep.SecurityGroupRule, sweep.SecurityGroup:
		resp, err := api.ListSecurityGroupsWithResponse(ctx, new(oapi.ListSecurityGroupsParams))
		if err != nil {
			return nil, a.client.explain(err)
		}
		if kind == sweep.SecurityGroup {
			return things(kind, "security-groups", resp.JSON200.SecurityGroups, groupThing)
		}
		return parts(kind, "security-groups", resp.JSON200.SecurityGroups, ruleThings)
	case sweep.SSHKey:
		resp, err := api.ListSshKeysWithResponse(ctx)
		if err != nil {
			return nil, a.client.explain(err)
		}
		return things(kind, "ssh-keys", resp.JSON200.SshKeys, sshKeyThing)
	case sweep.APIKey:
		resp, err := api.ListApiKeysWithResponse(ctx)
		if err != nil {
			return nil, a.client.explain(err)
		}
		return things(kind, "api-keys", resp.JSON200.ApiKeys, a.apiKeyThing)
	case sweep.Role:
		resp, err := api.ListIamRolesWithResponse(ctx)
		if err != nil {
			return nil, a.client.explain(err)
		}
		return things(kind, "iam-roles", resp.JSON200.IamRoles, roleThing)
	}
	return nil, fmt.Errorf("%s is not known here", kind)
}

// things translates a list; what has no id cannot be deleted and is left out.
func things[T any](kind sweep.Kind, field string, list *[]T, translate func(*T) sweep.Thing) ([]sweep.Thing, error) {
	return parts(kind, field, list, func(wire *T) []sweep.Thing { return []sweep.Thing{translate(wire)} })
}

// parts is things for a list of which each entry holds several.
func parts[T any](kind sweep.Kind, field string, list *[]T, translate func(*T) []sweep.Thing) ([]sweep.Thing, error) {
	if list == nil {
		return nil, lacks(field)
	}
	var found []sweep.Thing
	for i := range *list {
		for _, thing := range translate(&(*list)[i]) {
			if thing.ID != "" {
				thing.Kind = kind
				found = append(found, thing)
			}
		}
	}
	return found, nil
}

func balancerThing(b *oapi.LoadBalancer) sweep.Thing {
	return sweep.Thing{ID: orZero(b.Id), Name: orZero(b.Name), Running: running(b.State)}
}

// running tells the state of something that costs money.
func running[T ~string](state *T) string {
	if text := string(orZero(state)); text != "" {
		return text
	}
	return "in an unknown state"
}

func serviceThings(b *oapi.LoadBalancer) []sweep.Thing {
	services := orZero(b.Services)
	found := make([]sweep.Thing, 0, len(services))
	for _, s := range services {
		found = append(found, sweep.Thing{ID: orZero(s.Id), Name: orZero(s.Name), Parent: orZero(b.Id), ParentName: orZero(b.Name)})
	}
	return found
}

func instanceThing(i *oapi.Instance) sweep.Thing {
	return sweep.Thing{ID: orZero(i.Id), Name: orZero(i.Name), Parent: orZero(orZero(i.Manager).Id), Running: running(i.State)}
}

func poolThing(p *oapi.InstancePool) sweep.Thing {
	members := max(len(orZero(p.Instances)), int(orZero(p.Size)))
	return sweep.Thing{ID: orZero(p.Id), Name: orZero(p.Name), Running: fmt.Sprintf("%s, members: %d", running(p.State), members)}
}

func groupThing(g *oapi.SecurityGroup) sweep.Thing {
	return sweep.Thing{ID: orZero(g.Id), Name: orZero(g.Name)}
}

func ruleThings(g *oapi.SecurityGroup) []sweep.Thing {
	rules := orZero(g.Rules)
	found := make([]sweep.Thing, 0, len(rules))
	for _, r := range rules {
		found = append(found, sweep.Thing{ID: orZero(r.Id), Name: ruleName(r), Parent: orZero(g.Id), ParentName: orZero(g.Name)})
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

func sshKeyThing(k *oapi.SshKey) sweep.Thing {
	return sweep.Thing{ID: orZero(k.Name), Name: orZero(k.Name)}
}

// apiKeyThing leaves out the key that signs the calls.
func (a *Account) apiKeyThing(k *oapi.IamApiKey) sweep.Thing {
	if orZero(k.Key) == a.client.conf.Key {
		return sweep.Thing{}
	}
	return sweep.Thing{ID: orZero(k.Key), Name: orZero(k.Name)}
}

func roleThing(r *oapi.IamRole) sweep.Thing {
	return sweep.Thing{ID: orZero(r.Id), Name: orZero(r.Name)}
}
