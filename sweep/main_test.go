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

// An account holds things, and deletes them as a cloud would.
type account struct {
	things  []sweep.Thing
	deleted []string // names, in order
	// busy tells how many attempts at a thing fail because it is busy.
	busy map[string]int
	// broken are the names of things that cannot be deleted, and hidden the
	// kinds that cannot be listed.
	broken []string
	hidden []sweep.Kind
}

var errRefused = errors.New("403 Forbidden")

func (a *account) List(ctx context.Context, kind sweep.Kind) ([]sweep.Thing, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if slices.Contains(a.hidden, kind) {
		return nil, errRefused
	}
	var found []sweep.Thing
	for _, t := range a.things {
		if t.Kind == kind {
			found = append(found, t)
		}
	}
	return found, nil
}

func (a *account) Delete(_ context.Context, t sweep.Thing) error {
	switch {
	case a.busy[t.Name] > 0:
		a.busy[t.Name]--
		return sweep.ErrBusy
	case slices.Contains(a.broken, t.Name):
		return errRefused
	}
	a.deleted = append(a.deleted, t.Name)
	a.things = slices.DeleteFunc(a.things, func(other sweep.Thing) bool {
		return other.ID == t.ID || other.Parent == t.ID
	})
	return nil
}

// installation is a whole one, and what others have in the same account.
func installation() *account {
	return &account{busy: map[string]int{}, things: []sweep.Thing{
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

func knowing(t *testing.T, ids ...string) sweep.Known {
	t.Helper()
	var known sweep.Known
	require.NoError(t, known.ReadState(strings.NewReader(stateOf(ids...))))
	return known
}

// stateOf returns a Terraform state that lists things of these ids.
func stateOf(ids ...string) string {
	var instances []string
	for _, id := range ids {
		instances = append(instances, `{"attributes":{"id":"`+id+`"}}`)
	}
	return `{"version":4,"resources":[{"type":"exoscale_thing","instances":[` + strings.Join(instances, ",") + `]}]}`
}

func names(things []sweep.Thing) []string {
	var out []string
	for _, t := range things {
		out = append(out, t.String())
	}
	return out
}
