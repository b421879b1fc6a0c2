package exoapi_test

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"

	egoscale "github.com/exoscale/egoscale/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/machine/driverapi"
)

// A firewall is a driver that records what security groups permit.
type firewall struct {
	*recorder

	protected []driverapi.Protection
	broken    bool
}

func (g *firewall) HealthcheckSources() []netip.Prefix {
	return []netip.Prefix{netip.MustParsePrefix("127.9.2.3/32")}
}

func (g *firewall) Protect(all []driverapi.Protection) error {
	if g.broken {
		return errors.New("no rules")
	}
	g.protected = slices.Clone(all)
	g.record("protect %d", len(all))
	return nil
}

// permits are what a machine may receive, as text.
func (g *firewall) permits(id string) []string {
	var list []string
	for _, p := range g.protected {
		for _, u := range p.Ingress {
			if p.MachineID == id {
				list = append(list, fmt.Sprintf("%s %d-%d %v", u.Protocol, u.FirstPort, u.LastPort, u.Peers))
			}
		}
	}
	return list
}

func startWithFirewall(t *testing.T) (*firewall, *exoapi.Cloud, *egoscale.Client) {
	t.Helper()
	driver := &firewall{recorder: newRecorder()}
	cloud, client := start(t, exoapi.Config{Machines: driver})
	return driver, cloud, client
}

func newGroup(t *testing.T, client *egoscale.Client, name string) *egoscale.SecurityGroup {
	t.Helper()
	g, err := client.CreateSecurityGroup(t.Context(), zone, &egoscale.SecurityGroup{Name: &name})
	require.NoError(t, err)
	return g
}

func allow(t *testing.T, client *egoscale.Client, g *egoscale.SecurityGroup, change func(*egoscale.SecurityGroupRule)) *egoscale.SecurityGroupRule {
	t.Helper()
	r := &egoscale.SecurityGroupRule{
		FlowDirection: new("ingress"), Protocol: new("tcp"), StartPort: new(uint16(80)), EndPort: new(uint16(90)),
	}
	change(r)
	made, err := client.CreateSecurityGroupRule(t.Context(), zone, g, r)
	require.NoError(t, err)
	return made
}

func in(groups ...*egoscale.SecurityGroup) func(*egoscale.Instance) {
	return func(i *egoscale.Instance) {
		ids := make([]string, 0, len(groups))
		for _, g := range groups {
			ids = append(ids, *g.ID)
		}
		i.SecurityGroupIDs = &ids
	}
}

func TestFirewallKnowsAMachineBeforeItStarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		driver, _, client := startWithFirewall(t)
		i := newInstance(t, client, func(*egoscale.Instance) {})
		events := driver.take()
		require.NotEmpty(t, events)
		assert.Equal(t, "15s start 127.9.0.1", events[len(events)-1])
		assert.Contains(t, events, "0s protect 1")
		require.NoError(t, client.DeleteInstance(t.Context(), zone, i))
		events = driver.take()
		assert.Equal(t, []string{"18s destroy 127.9.0.1", "21s protect 0"}, events[len(events)-2:])
	})
}

func TestRulesAreResolvedToAddresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		driver, cloud, client := startWithFirewall(t)
		ctx := t.Context()
		web, monitoring := newGroup(t, client, "web"), newGroup(t, client, "monitoring")
		member, monitor := newInstance(t, client, in(web)), newInstance(t, client, in(monitoring))
		assert.Empty(t, driver.permits(*member.ID), "closed without a rule")

		byGroup := allow(t, client, web, func(r *egoscale.SecurityGroupRule) { r.SecurityGroupID = monitoring.ID })
		byMonitor := "tcp 80-90 [" + monitor.PublicIPAddress.String() + "/32]"
		assert.Equal(t, []string{byMonitor}, driver.permits(*member.ID))
		assert.Empty(t, driver.permits(*monitor.ID), "rules hold for members of their group only")

		second := newInstance(t, client, in(monitoring, web))
		both := fmt.Sprintf("tcp 80-90 [%v/32 %v/32]", monitor.PublicIPAddress, second.PublicIPAddress)
		assert.Equal(t, []string{both}, driver.permits(*member.ID), "a new member of the peer's group")
		assert.Equal(t, []string{both}, driver.permits(*second.ID), "rules of all groups of a machine")
		require.NoError(t, client.DetachInstanceFromSecurityGroup(ctx, zone, second, monitoring))
		assert.Equal(t, []string{byMonitor}, driver.permits(*member.ID))

		source := call(t, cloud, "PUT", "/v2/security-group/"+*monitoring.ID+":add-source", `{"cidr":"10.1.2.3/8"}`)
		require.Equal(t, 200, source.status)
		assert.Equal(t, []string{fmt.Sprintf("tcp 80-90 [10.0.0.0/8 %v/32]", monitor.PublicIPAddress)}, driver.permits(*member.ID))

		require.NoError(t, client.DeleteSecurityGroupRule(ctx, zone, web, byGroup))
		assert.Empty(t, driver.permits(*member.ID))
	})
}

func TestRulesNameHealthChecksByTheirPublicGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		driver, cloud, client := startWithFirewall(t)
		web := newGroup(t, client, "web")
		member := newInstance(t, client, in(web))
		added := call(t, cloud, "POST", "/v2/security-group/"+*web.ID+"/rules",
			`{"flow-direction":"ingress","protocol":"tcp","start-port":8080,"end-port":8080,
			"security-group":{"name":"public-nlb-healthcheck-sources","visibility":"public"}}`)
		require.Equal(t, 200, added.status, added.message())
		assert.Equal(t, []string{"tcp 8080-8080 [127.9.2.3/32]"}, driver.permits(*member.ID))
	})
}

func TestMachineInNoGroupIsInTheDefaultGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		driver, _, client := startWithFirewall(t)
		standard, err := client.FindSecurityGroup(t.Context(), zone, "default")
		require.NoError(t, err)
		without, with := newInstance(t, client, func(*egoscale.Instance) {}), newInstance(t, client, in(newGroup(t, client, "web")))
		allow(t, client, standard, func(r *egoscale.SecurityGroupRule) { r.SecurityGroupID = standard.ID })
		assert.Equal(t, []string{"tcp 80-90 [" + without.PublicIPAddress.String() + "/32]"}, driver.permits(*without.ID))
		assert.Empty(t, driver.permits(*with.ID))
	})
}

func TestEgressAndICMPArePassedAsGiven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		driver, cloud, client := startWithFirewall(t)
		web := newGroup(t, client, "web")
		newInstance(t, client, in(web))
		for _, body := range []string{
			`{"flow-direction":"egress","protocol":"icmp","network":"0.0.0.0/0","icmp":{"type":8,"code":0}}`,
			`{"flow-direction":"egress","protocol":"icmp","network":"0.0.0.0/0","icmp":{"type":3}}`,
			`{"flow-direction":"egress","protocol":"esp","network":"::/0"}`,
		} {
			require.Equal(t, 200, call(t, cloud, "POST", "/v2/security-group/"+*web.ID+"/rules", body).status)
		}
		all := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}
		assert.Equal(t, []driverapi.Permit{
			{Protocol: "icmp", ICMPType: 8, ICMPCode: 0, Peers: all},
			{Protocol: "icmp", ICMPType: 3, ICMPCode: -1, Peers: all},
			{Protocol: "esp", ICMPType: -1, ICMPCode: -1, Peers: []netip.Prefix{netip.MustParsePrefix("::/0")}},
		}, driver.protected[0].Egress)
	})
}

func TestNothingStartsUnprotected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		driver, cloud, client := startWithFirewall(t)
		driver.broken = true
		_, err := client.CreateInstancePool(t.Context(), zone, wantedPool(t, client, 1))
		require.ErrorContains(t, err, "job failed")
		assert.Equal(t, "error", cloud.Instances()[0].State)
		assert.Empty(t, driver.take())
		driver.broken = false
		newInstance(t, client, func(*egoscale.Instance) {})
		assert.Len(t, driver.protected, 2, "protected as soon as the driver accepts rules again")
	})
}
