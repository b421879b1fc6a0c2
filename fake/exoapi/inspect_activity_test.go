package exoapi_test

import (
	"net/http"
	"testing"
	"testing/synctest"

	egoscale "github.com/exoscale/egoscale/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

func TestActivity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		assert.Empty(t, cloud.Operations(10))
		assert.Empty(t, cloud.Changes(10))
		assert.Contains(t, cloud.Zones(), zone)
		group, err := client.CreateSecurityGroup(t.Context(), zone, &egoscale.SecurityGroup{Name: new("web")})
		require.NoError(t, err)
		_, err = client.CreateSecurityGroupRule(t.Context(), zone, group, &egoscale.SecurityGroupRule{
			FlowDirection: new("ingress"), Protocol: new("tcp"), StartPort: new(uint16(80)), EndPort: new(uint16(81)), SecurityGroupID: group.ID,
		})
		require.NoError(t, err)
		_, err = client.CreateSecurityGroup(t.Context(), zone, &egoscale.SecurityGroup{Name: new("web")})
		require.Error(t, err)
		groups := cloud.SecurityGroups()
		require.Len(t, groups, 2, "the default group, and no public ones")
		assert.Equal(t, "web", groups[1].Name)
		assert.Equal(t, []exoapi.RuleInfo{{Ingress: true, Protocol: "tcp", FirstPort: 80, LastPort: 81, Peer: "web"}}, groups[1].Rules)

		changes := cloud.Changes(2)
		require.Len(t, changes, 2, "no more than asked for")
		assert.Equal(t, "create-security-group", changes[0].Operation, "the newest first")
		assert.Equal(t, http.StatusConflict, changes[0].Status)
		assert.Equal(t, "add-rule-to-security-group", changes[1].Operation)
		assert.Equal(t, zone, changes[1].Zone)

		operations := cloud.Operations(1)
		require.Len(t, operations, 1)
		assert.Equal(t, "success", operations[0].State)
		assert.Equal(t, "/v2/security-group/"+*group.ID, operations[0].About)
		assert.Len(t, cloud.Operations(10), 2)
	})
}
