package network_test

import (
	"net/http"
	"net/netip"
	"testing"
	"time"

	egoscale "github.com/exoscale/egoscale/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/machine/nspawn/network"
)

const zone = "ch-gva-2"

// namespaces is a driver whose machines are nothing but their network.
type namespaces struct {
	*network.Network

	t *testing.T
}

func (d namespaces) Networks() (instances, balancers netip.Prefix) {
	return d.Instances(), d.Balancers()
}

func (d namespaces) Start(m driverapi.Machine) error {
	_, err := d.Attach(d.t.Context(), m.ID, m.Address)
	return err
}

func (d namespaces) Stop(string) {}

func (d namespaces) Destroy(id string) { assert.NoError(d.t, d.Detach(id)) }

func (d namespaces) Balance(driverapi.Balancer) error { return nil }

func (d namespaces) Unbalance(string) {}

func (d namespaces) Health(string, string) map[string]driverapi.Health { return nil }

// newCloud returns the real client of a cloud whose machines are namespaces.
func newCloud(t *testing.T, n *network.Network) *egoscale.Client {
	t.Helper()
	cloud, err := exoapi.New(exoapi.Config{
		Machines: namespaces{n, t}, Zones: []string{zone},
		Timing: exoapi.Timing{InstanceStart: -1, Destroy: -1, Stop: -1, Boot: -1},
	})
	require.NoError(t, err)
	t.Cleanup(cloud.Close)
	key, secret := cloud.Credential()
	client, err := egoscale.NewClient(key, secret,
		egoscale.ClientOptWithHTTPClient(&http.Client{Transport: cloud.Transport()}),
		egoscale.ClientOptWithAPIEndpoint("http://127.0.0.1:1/v2"), egoscale.ClientOptWithPollInterval(time.Millisecond))
	require.NoError(t, err)
	return client
}

func create(t *testing.T, n *network.Network, client *egoscale.Client, groups ...*egoscale.SecurityGroup) machine {
	t.Helper()
	kind, err := client.FindInstanceType(t.Context(), zone, "standard.micro")
	require.NoError(t, err)
	templates, err := client.ListTemplates(t.Context(), zone)
	require.NoError(t, err)
	ids := make([]string, 0, len(groups))
	for _, g := range groups {
		ids = append(ids, *g.ID)
	}
	i, err := client.CreateInstance(t.Context(), zone, &egoscale.Instance{
		Name: new("web"), DiskSize: new(int64(10)), InstanceTypeID: kind.ID, TemplateID: templates[0].ID, SecurityGroupIDs: &ids,
	})
	require.NoError(t, err)
	addr, _ := netip.AddrFromSlice(i.PublicIPAddress.To4())
	path, err := n.Attach(t.Context(), *i.ID, addr) // as it is: attached
	require.NoError(t, err)
	return machine{id: *i.ID, addr: addr, path: path}
}

// TestSecurityGroupsOfTheAPIHoldForPackets is the whole way: from the calls of
// Terraform to what arrives.
func TestSecurityGroupsOfTheAPIHoldForPackets(t *testing.T) {
	n := newNetwork(t)
	client := newCloud(t, n)
	group := func(name string) *egoscale.SecurityGroup {
		g, err := client.CreateSecurityGroup(t.Context(), zone, &egoscale.SecurityGroup{Name: &name})
		require.NoError(t, err)
		return g
	}
	members, monitoring := group("members"), group("monitoring")
	member, monitor := create(t, n, client, members), create(t, n, client, monitoring)
	member.serve(t, 9100)
	assert.True(t, monitor.dropped(t, member.addr, 9100), "closed without a rule")

	rule, err := client.CreateSecurityGroupRule(t.Context(), zone, members, &egoscale.SecurityGroupRule{
		FlowDirection: new("ingress"), Protocol: new("tcp"), StartPort: new(uint16(9100)), EndPort: new(uint16(9100)),
		SecurityGroupID: monitoring.ID,
	})
	require.NoError(t, err)
	_, err = monitor.ask(t, member.addr, 9100)
	require.NoError(t, err)
	assert.True(t, dropped(plain(), member.addr, 9100), "the host is no member of the group")
	second := create(t, n, client, members)
	assert.True(t, second.dropped(t, member.addr, 9100), "nor is another member of the pool")
	joined := create(t, n, client, monitoring, members)
	_, err = joined.ask(t, member.addr, 9100)
	require.NoError(t, err, "who joins the group later is")

	require.NoError(t, client.DeleteSecurityGroupRule(t.Context(), zone, members, rule))
	assert.True(t, monitor.dropped(t, member.addr, 9100))
}
