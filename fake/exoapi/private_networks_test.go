package exoapi_test

import (
	"net"
	"net/http"
	"testing"
	"testing/synctest"

	egoscale "github.com/exoscale/egoscale/v2"
	"github.com/exoscale/egoscale/v2/api"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

// managed describes a private network that leases 10.0.0.10 to 10.0.0.last.
func managed(last byte) *egoscale.PrivateNetwork {
	start, end, mask := net.IPv4(10, 0, 0, 10), net.IPv4(10, 0, 0, last), net.IPv4(255, 255, 255, 0)
	return &egoscale.PrivateNetwork{Name: new("inner"), StartIP: &start, EndIP: &end, Netmask: &mask}
}

func newNetwork(tb testing.TB, client *egoscale.Client, wanted *egoscale.PrivateNetwork) *egoscale.PrivateNetwork {
	tb.Helper()
	network, err := client.CreatePrivateNetwork(tb.Context(), zone, wanted)
	require.NoError(tb, err)
	return network
}

// leases returns the addresses that a network has leased, by instance.
func leases(tb testing.TB, client *egoscale.Client, id string) map[string]string {
	tb.Helper()
	network, err := client.GetPrivateNetwork(tb.Context(), zone, id)
	require.NoError(tb, err)
	found := map[string]string{}
	for _, l := range network.Leases {
		found[*l.InstanceID] = l.IPAddress.String()
	}
	return found
}

func TestPrivateNetworkIsKeptAsItWasGiven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		ctx := t.Context()
		wanted := managed(99)
		wanted.Description, wanted.Labels = new("between"), new(map[string]string{"a": "b"})
		network := newNetwork(t, client, wanted)
		assert.Equal(t, "10.0.0.99", network.EndIP.String())
		assert.Equal(t, "between", *network.Description)
		assert.Equal(t, map[string]string{"a": "b"}, *network.Labels)
		other := newNetwork(t, client, &egoscale.PrivateNetwork{Name: new("plain")})
		assert.Nil(t, other.StartIP)
		vni := func(id string) any { return call(t, cloud, http.MethodGet, "/v2/private-network/"+id, "").body["vni"] }
		assert.NotEqual(t, vni(*network.ID), vni(*other.ID))

		network.Name, network.EndIP = new("outer"), new(net.IPv4(10, 0, 0, 50))
		require.NoError(t, client.UpdatePrivateNetwork(ctx, zone, network))
		updated, err := client.GetPrivateNetwork(ctx, zone, *network.ID)
		require.NoError(t, err)
		assert.Equal(t, "outer", *updated.Name)
		assert.Equal(t, "10.0.0.50", updated.EndIP.String())
		assert.Equal(t, "10.0.0.10", updated.StartIP.String())

		require.NoError(t, client.DeletePrivateNetwork(ctx, zone, network))
		_, err = client.GetPrivateNetwork(ctx, zone, *network.ID)
		require.ErrorIs(t, err, api.ErrNotFound)
	})
}

func TestManagedNetworkLeasesAddresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := start(t, exoapi.Config{})
		ctx := t.Context()
		network := newNetwork(t, client, managed(11))
		one, two, three := newInstance(t, client), newInstance(t, client), newInstance(t, client)
		require.NoError(t, client.AttachInstanceToPrivateNetwork(ctx, zone, one, network))
		require.NoError(t, client.AttachInstanceToPrivateNetwork(ctx, zone, one, network), "once more is the same")
		require.NoError(t, client.AttachInstanceToPrivateNetwork(ctx, zone, two, network,
			egoscale.AttachInstanceToPrivateNetworkWithIPAddress(net.IPv4(10, 0, 0, 5))))
		assert.Equal(t, map[string]string{*one.ID: "10.0.0.10", *two.ID: "10.0.0.5"}, leases(t, client, *network.ID))
		err := client.AttachInstanceToPrivateNetwork(ctx, zone, three, network,
			egoscale.AttachInstanceToPrivateNetworkWithIPAddress(net.IPv4(10, 0, 0, 10)))
		require.ErrorContains(t, err, "leased to instance "+*one.ID)
		seen, err := client.GetInstance(ctx, zone, *one.ID)
		require.NoError(t, err)
		assert.Equal(t, []string{*network.ID}, *seen.PrivateNetworkIDs)

		require.NoError(t, client.UpdatePrivateNetworkInstanceIPAddress(ctx, zone, two, network, net.IPv4(10, 0, 0, 200)))
		require.NoError(t, client.DetachInstanceFromPrivateNetwork(ctx, zone, one, network))
		require.NoError(t, client.AttachInstanceToPrivateNetwork(ctx, zone, three, network))
		assert.Equal(t, map[string]string{*two.ID: "10.0.0.200", *three.ID: "10.0.0.10"}, leases(t, client, *network.ID))
		seen, err = client.GetInstance(ctx, zone, *one.ID)
		require.NoError(t, err)
		assert.Nil(t, seen.PrivateNetworkIDs)
	})
}

func TestUnmanagedNetworkLeasesNothingUntilItIsManaged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := start(t, exoapi.Config{})
		ctx := t.Context()
		network := newNetwork(t, client, &egoscale.PrivateNetwork{Name: new("plain")})
		i := newInstance(t, client)
		err := client.AttachInstanceToPrivateNetwork(ctx, zone, i, network,
			egoscale.AttachInstanceToPrivateNetworkWithIPAddress(net.IPv4(10, 0, 0, 5)))
		require.ErrorContains(t, err, "not managed")
		require.NoError(t, client.AttachInstanceToPrivateNetwork(ctx, zone, i, network))
		assert.Empty(t, leases(t, client, *network.ID))
		now := managed(99)
		now.ID = network.ID
		require.NoError(t, client.UpdatePrivateNetwork(ctx, zone, now))
		assert.Equal(t, map[string]string{*i.ID: "10.0.0.10"}, leases(t, client, *network.ID))
		elsewhere := net.IPv4(10, 0, 1, 10)
		now.StartIP, now.EndIP = &elsewhere, &elsewhere
		require.ErrorContains(t, client.UpdatePrivateNetwork(ctx, zone, now), "leases 10.0.0.10")
	})
}

func TestPrivateNetworkInUseCannotBeDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := start(t, exoapi.Config{})
		ctx := t.Context()
		network := newNetwork(t, client, managed(99))
		i := newInstance(t, client)
		require.NoError(t, client.AttachInstanceToPrivateNetwork(ctx, zone, i, network))
		require.ErrorContains(t, client.DeletePrivateNetwork(ctx, zone, network), "in use by instance "+*i.ID)
		require.NoError(t, client.DeleteInstance(ctx, zone, i))
		require.NoError(t, client.DeletePrivateNetwork(ctx, zone, network))
	})
}

func TestPoolAttachesItsMembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := start(t, exoapi.Config{})
		ctx := t.Context()
		network := newNetwork(t, client, managed(99))
		address, err := client.CreateElasticIP(ctx, zone, &egoscale.ElasticIP{})
		require.NoError(t, err)
		group, err := client.CreateAntiAffinityGroup(ctx, zone, &egoscale.AntiAffinityGroup{Name: new("spread")})
		require.NoError(t, err)
		wanted := wantedPool(t, client, 2)
		wanted.PrivateNetworkIDs, wanted.ElasticIPIDs = &[]string{*network.ID}, &[]string{*address.ID}
		wanted.AntiAffinityGroupIDs = &[]string{*group.ID}
		pool, err := client.CreateInstancePool(ctx, zone, wanted)
		require.NoError(t, err)
		assert.Equal(t, wanted.PrivateNetworkIDs, pool.PrivateNetworkIDs)
		assert.Equal(t, wanted.ElasticIPIDs, pool.ElasticIPIDs)
		assert.Equal(t, wanted.AntiAffinityGroupIDs, pool.AntiAffinityGroupIDs)
		require.NoError(t, client.ScaleInstancePool(ctx, zone, pool, 3))
		assert.Len(t, leases(t, client, *network.ID), 3)
		for _, m := range instancesOf(t, client, *pool.ID) {
			member, err := client.GetInstance(ctx, zone, *m.ID)
			require.NoError(t, err)
			assert.Equal(t, []string{*network.ID}, *member.PrivateNetworkIDs)
			assert.Equal(t, []string{*address.ID}, *member.ElasticIPIDs)
		}
		require.NoError(t, client.ScaleInstancePool(ctx, zone, pool, 1))
		assert.Len(t, leases(t, client, *network.ID), 1, "members that go give their leases back")

		require.ErrorContains(t, client.DeletePrivateNetwork(ctx, zone, network), "in use by")
		require.ErrorContains(t, client.DeleteElasticIP(ctx, zone, address), "in use by")
		require.NoError(t, client.DeleteInstancePool(ctx, zone, pool))
		require.NoError(t, client.DeletePrivateNetwork(ctx, zone, network))
		require.NoError(t, client.DeleteElasticIP(ctx, zone, address))
		require.NoError(t, client.DeleteAntiAffinityGroup(ctx, zone, group))
	})
}

func TestPoolMayBeDetachedFromItsNetworksAndAddresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		network := newNetwork(t, client, managed(99))
		address, err := client.CreateElasticIP(t.Context(), zone, &egoscale.ElasticIP{})
		require.NoError(t, err)
		path := "/v2/instance-pool/" + *newPool(t, client, 1).ID
		set := `{"private-networks":[{"id":"` + *network.ID + `"}],"elastic-ips":[{"id":"` + *address.ID + `"}]}`
		for _, cleared := range [][3]string{
			{http.MethodPut, path, `{"private-networks":null,"elastic-ips":[]}`},
			{http.MethodDelete, path + "/private-networks", ""},
			{http.MethodDelete, path + "/elastic-ips", ""},
		} {
			require.Equal(t, 200, call(t, cloud, http.MethodPut, path, set).status)
			require.Equal(t, 200, call(t, cloud, cleared[0], cleared[1], cleared[2]).status)
		}
		got := call(t, cloud, http.MethodGet, path, "").body
		assert.NotEmpty(t, got["private-networks"], "the last call was about the other")
		assert.Empty(t, got["elastic-ips"])
	})
}

func TestPrivateNetworksOfAnotherZoneAreUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		network := newNetwork(t, client, managed(99))
		assert.Equal(t, 404, call(t, cloud, http.MethodGet, "/z/de-fra-1/v2/private-network/"+*network.ID, "").status)
		assert.Empty(t, call(t, cloud, http.MethodGet, "/z/de-fra-1/v2/private-network", "").body["private-networks"])
		body := `{"name":"p","size":1,"disk-size":10,"instance-type":{"id":"` + microID + `"},"template":{"id":"` + *templateID(t, client) +
			`"},"private-networks":[{"id":"` + *network.ID + `"}]}`
		assert.Equal(t, 404, call(t, cloud, http.MethodPost, "/z/de-fra-1/v2/instance-pool", body).status)
	})
}

func TestBadPrivateNetworksAreRefused(t *testing.T) {
	cloud := newCloud(t, exoapi.Config{Quotas: map[string]int{"private-network": 0}})
	for body, message := range map[string]string{
		`{}`:                                 "name is required",
		`{"name":"n","start-ip":"10.0.0.1"}`: "go together",
		`{"name":"n","start-ip":"10.0.0.9","end-ip":"10.0.0.1","netmask":"255.255.255.0"}`: "must not be above",
		`{"name":"n","start-ip":"10.0.0.1","end-ip":"10.0.1.1","netmask":"255.255.255.0"}`: "not in one network",
		`{"name":"n","start-ip":"10.0.0.1","end-ip":"10.0.0.9","netmask":"255.0.255.0"}`:   "has gaps",
		`{"name":"n","start-ip":"::1","end-ip":"::2","netmask":"255.255.255.0"}`:           "start-ip must be an IPv4 address",
		`{"name":"n","options":{"routers":["x"]}}`:                                         "options.routers must be IPv4",
		`{"name":"n","options":{"dns-servers":"x"}}`:                                       "array of strings",
		`{"name":"n"}`: "quota of resource private-network reached",
	} {
		got := call(t, cloud, http.MethodPost, "/v2/private-network", body)
		assert.GreaterOrEqual(t, got.status, 400, body)
		assert.Contains(t, got.message(), message, body)
	}
}

func TestInstanceGetsNoLeaseWhereAllAreTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := start(t, exoapi.Config{})
		ctx := t.Context()
		last := net.IPv4bcast // after which there is no address at all
		network := newNetwork(t, client, &egoscale.PrivateNetwork{Name: new("n"), StartIP: &last, EndIP: &last, Netmask: &last})
		one, two := newInstance(t, client), newInstance(t, client)
		require.NoError(t, client.AttachInstanceToPrivateNetwork(ctx, zone, one, network))
		require.NoError(t, client.AttachInstanceToPrivateNetwork(ctx, zone, two, network))
		assert.Equal(t, map[string]string{*one.ID: "255.255.255.255"}, leases(t, client, *network.ID))
	})
}
