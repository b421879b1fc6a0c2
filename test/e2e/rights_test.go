package e2e_test

import (
	"net/http"
	"testing"

	"github.com/gruntwork-io/terratest/modules/terraform"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/exoscale"
)

const unknownPool = "c19542b7-d269-4bd4-bf7c-2cae36d066d3"

type object = map[string]any

func TestKeyWithoutIAMRightsIsToldTheWayOut(t *testing.T) {
	tools := open(t)
	c := newCloud(t, fastSpeed, false)
	role, err := c.Do(t.Context(), http.MethodPost, "/v2/iam-role", object{"name": "no-iam", "policy": object{ // as the course's checker has
		"default-service-strategy": "deny", "services": object{"compute": object{"type": "allow"}, "sos": object{"type": "allow"}},
	}})
	require.NoError(t, err)
	var account struct{ Key, Secret string }
	require.NoError(t, c.Call(t.Context(), http.MethodPost, "/v2/api-key", object{"name": "no-iam", "role-id": role}, &account))
	before := c.inventory(t)
	i := prepare(t, tools, account.Key, account.Secret, c.environ, object{"provision": false})

	output, err := terraform.ApplyE(t, i.options)
	require.ErrorContains(t, err, "Forbidden")
	assert.ErrorContains(t, err, "restricted_key = false")
	assert.NotContains(t, output+err.Error(), account.Secret)

	i.options.Vars["restricted_key"] = false
	terraform.Apply(t, i.options)
	i.unchanged(t)
	i.destroy(t, c, before)
}

// The provider writes the rules, and the role follows when they change.
func TestKeyOfTheMachineIsForItsPoolOnly(t *testing.T) {
	tools := open(t)
	c := newCloud(t, fastSpeed, false)
	before := c.inventory(t)
	i := newInstallation(t, tools, c)
	terraform.Apply(t, i.options)
	i.unchanged(t)

	key, secret := i.restrictedKey(t)
	client, err := exoscale.New(exoscale.Config{
		Key: key, Secret: secret, Zone: "at-vie-1", Endpoint: "http://127.0.0.1/v2", Transport: c.Transport(),
	})
	require.NoError(t, err)
	own := client.Pool(c.Pools()[0].ID)
	_, err = own.Status(t.Context())
	require.NoError(t, err)
	require.ErrorContains(t, own.Resize(t.Context(), 2*limit+1), "Forbidden by role policy")
	another := client.Pool(unknownPool)
	_, err = another.Status(t.Context())
	require.ErrorIs(t, err, exoscale.ErrUnauthorized)
	require.ErrorContains(t, another.Resize(t.Context(), 1), "Forbidden by role policy")

	i.options.Vars["pinned_key"] = false
	terraform.Apply(t, i.options)
	i.unchanged(t)
	_, err = another.Status(t.Context())
	require.ErrorIs(t, err, autoscale.ErrPoolNotFound, "it may read pools, and there is none")
	i.destroy(t, c, before)
}
