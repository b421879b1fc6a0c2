package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	egoscale "github.com/exoscale/egoscale/v2"
)

// sweep deletes everything in an account whose name begins with prefix: the
// last resort after runs that Terraform lost track of, since an interrupted
// provider forgets what it was creating. Machines cost money, so that one that
// cannot be deleted does not keep the others.
func sweep(ctx context.Context, client *egoscale.Client, zone, prefix string) error {
	if len(prefix) < len("e2e-12345678") {
		return fmt.Errorf("sweep everything that begins with %q: too short to be a run's own", prefix)
	}
	// What is referred to goes last.
	return errors.Join(
		each(ctx, "load balancer", zone, prefix, client.ListNetworkLoadBalancers, client.DeleteNetworkLoadBalancer,
			func(b *egoscale.NetworkLoadBalancer) *string { return b.Name }),
		each(ctx, "instance pool", zone, prefix, client.ListInstancePools, client.DeleteInstancePool,
			func(p *egoscale.InstancePool) *string { return p.Name }),
		each(ctx, "instance", zone, prefix, func(ctx context.Context, zone string) ([]*egoscale.Instance, error) {
			instances, err := client.ListInstances(ctx, zone)
			return outsidePools(instances), err
		}, client.DeleteInstance, func(i *egoscale.Instance) *string { return i.Name }),
		each(ctx, "rules of security group", zone, prefix, client.ListSecurityGroups, deleteRules(client),
			func(g *egoscale.SecurityGroup) *string { return g.Name }),
		each(ctx, "security group", zone, prefix, client.ListSecurityGroups, client.DeleteSecurityGroup,
			func(g *egoscale.SecurityGroup) *string { return g.Name }),
		each(ctx, "SSH key", zone, prefix, client.ListSSHKeys, client.DeleteSSHKey,
			func(k *egoscale.SSHKey) *string { return k.Name }),
		each(ctx, "API key", zone, prefix, client.ListAPIKeys, client.DeleteAPIKey,
			func(k *egoscale.APIKey) *string { return k.Name }),
		each(ctx, "IAM role", zone, prefix, client.ListIAMRoles, client.DeleteIAMRole,
			func(r *egoscale.IAMRole) *string { return r.Name }),
	)
}

// each deletes the things of one kind whose name begins with prefix.
func each[T any](
	ctx context.Context, kind, zone, prefix string,
	list func(context.Context, string) ([]*T, error), remove func(context.Context, string, *T) error, name func(*T) *string,
) error {
	things, err := list(ctx, zone)
	if err != nil {
		return fmt.Errorf("list every %s: %w", kind, err)
	}
	var faults []error
	for _, thing := range things {
		if n := name(thing); n != nil && strings.HasPrefix(*n, prefix+"-") {
			if err := remove(ctx, zone, thing); err != nil {
				faults = append(faults, fmt.Errorf("delete %s %s: %w", kind, *n, err))
			}
		}
	}
	return errors.Join(faults...)
}

// outsidePools leaves out the members of pools: they go with their pool.
func outsidePools(instances []*egoscale.Instance) (others []*egoscale.Instance) {
	for _, i := range instances {
		if i.Manager == nil {
			others = append(others, i)
		}
	}
	return others
}

// deleteRules deletes a group's rules: one of them may refer to another group.
func deleteRules(client *egoscale.Client) func(context.Context, string, *egoscale.SecurityGroup) error {
	return func(ctx context.Context, zone string, group *egoscale.SecurityGroup) error {
		var faults []error
		for _, rule := range group.Rules {
			faults = append(faults, client.DeleteSecurityGroupRule(ctx, zone, group, rule))
		}
		return errors.Join(faults...)
	}
}
