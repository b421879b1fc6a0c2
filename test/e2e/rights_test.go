package e2e_test

import (
	"net/http"
	"testing"

	"github.com/gruntwork-io/terratest/modules/terraform"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type object = map[string]any

func TestKeyWithoutIAMRightsIsToldTheWayOut(t *testing.T) {
	shop := open(t)
	c := newCloud(t, hurried, false)
	role, err := c.Do(t.Context(), http.MethodPost, "/v2/iam-role", object{"name": "no-iam", "policy": object{
		"default-service-strategy": "allow", "services": object{"iam": object{"type": "deny"}},
	}})
	require.NoError(t, err)
	var account struct{ Key, Secret string }
	require.NoError(t, c.Call(t.Context(), http.MethodPost, "/v2/api-key", object{"name": "no-iam", "role-id": role}, &account))
	before := c.inventory(t)
	i := prepare(t, shop, account.Key, account.Secret, c.environ, object{"provision": false})

	output, err := terraform.ApplyE(t, i.options)
	require.ErrorContains(t, err, "Forbidden")
	assert.ErrorContains(t, err, "restricted_key = false")
	assert.NotContains(t, output+err.Error(), account.Secret)

	i.options.Vars["restricted_key"] = false
	terraform.Apply(t, i.options)
	i.unchanged(t)
	i.destroy(t, c, before)
}
