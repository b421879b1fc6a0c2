package sweep_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/sweep"
)

// An account holds resources, and deletes them as a cloud would.
type account struct {
	resources []sweep.Resource
	deleted   []string // names, in order
	// busy is how many attempts at a resource fail because it is busy.
	busy map[string]int
	// broken are the names of resources that cannot be deleted, and hidden the
	// kinds that cannot be listed.
	broken []string
	hidden []sweep.Kind
}

var errRefused = errors.New("403 Forbidden")

func (a *account) List(ctx context.Context, kind sweep.Kind) ([]sweep.Resource, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if slices.Contains(a.hidden, kind) {
		return nil, errRefused
	}
	var found []sweep.Resource
	for _, t := range a.resources {
		if t.Kind == kind {
			found = append(found, t)
		}
	}
	return found, nil
}

func (a *account) Delete(_ context.Context, t sweep.Resource) error {
	switch {
	case a.busy[t.Name] > 0:
		a.busy[t.Name]--
		return sweep.ErrBusy
	case slices.Contains(a.broken, t.Name):
		return errRefused
	}
	a.deleted = append(a.deleted, t.Name)
	a.resources = slices.DeleteFunc(a.resources, func(other sweep.Resource) bool {
		return other.ID == t.ID || other.Parent == t.ID
	})
	return nil
}

// installation is a whole one, and what others have in the same account.
func installation() *account {
	return &account{busy: map[string]int{}, resources: []sweep.Resource{
		{Kind: sweep.Role, ID: "role", Name: "exopool-autoscaler"},
		{Kind: sweep.Role, ID: "owner", Name: "Owner"},
		{Kind: sweep.APIKey, ID: "EXOkey", Name: "exopool-autoscaler"},
		{Kind: sweep.SSHKey, ID: "exopool-deploy", Name: "exopool-deploy"},
		{Kind: sweep.SSHKey, ID: "exopool", Name: "exopool"},
		{Kind: sweep.SecurityGroup, ID: "group", Name: "exopool-members"},
		{Kind: sweep.SecurityGroup, ID: "default", Name: "default"},
		{Kind: sweep.SecurityGroupRule, ID: "rule", Name: "ingress tcp 8080", Parent: "group", ParentName: "exopool-members"},
		{Kind: sweep.SecurityGroupRule, ID: "foreign-rule", Name: "ingress tcp 22", Parent: "default", ParentName: "default"},
		{Kind: sweep.InstancePool, ID: "pool", Name: "exopool-members"},
		{Kind: sweep.InstancePool, ID: "other-pool", Name: "others"},
		{Kind: sweep.Instance, ID: "member", Name: "exopool-member-1a2b3-c4d5e", Parent: "pool"},
		{Kind: sweep.Instance, ID: "monitoring", Name: "exopool-monitoring"},
		{Kind: sweep.Instance, ID: "exopoolish", Name: "exopoolish"},
		{Kind: sweep.LoadBalancer, ID: "nlb", Name: "exopool-application"},
		{Kind: sweep.LoadBalancerService, ID: "service", Name: "http", Parent: "nlb", ParentName: "exopool-application"},
	}}
}

// kindOf returns the kinds of a cloud's resource types.
func kindOf(terraformType string) (kind sweep.Kind, ok bool) {
	name, ok := strings.CutPrefix(terraformType, "exoscale_")
	kind, known := map[string]sweep.Kind{
		"nlb": sweep.LoadBalancer, "compute_instance": sweep.Instance, "instance_pool": sweep.InstancePool,
		"security_group": sweep.SecurityGroup, "iam_api_key": sweep.APIKey, "iam_role": sweep.Role,
	}[name]
	if !known {
		kind = sweep.Other
	}
	return kind, ok
}

func knowing(t *testing.T, ids ...string) sweep.State {
	t.Helper()
	var known sweep.State
	require.NoError(t, known.Read(strings.NewReader(stateOf(ids...)), kindOf))
	return known
}

// stateOf returns a Terraform state that lists resources of these ids.
func stateOf(ids ...string) string {
	var instances []string
	for _, id := range ids {
		instances = append(instances, `{"attributes":{"id":"`+id+`"}}`)
	}
	return `{"version":4,"resources":[{"type":"exoscale_thing","instances":[` + strings.Join(instances, ",") + `]}]}`
}

func names(resources []sweep.Resource) []string {
	var out []string
	for _, t := range resources {
		out = append(out, t.String())
	}
	return out
}
