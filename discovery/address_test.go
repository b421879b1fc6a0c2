package discovery_test

import (
	"fmt"
	"log/slog"
	"net/netip"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/discovery"
)

const refusedAddresses = "exopool_discovery_refused_addresses"

// neverTargets are addresses that no member may bring into the file.
var neverTargets = []string{
	"127.0.0.1", "127.77.0.1", "::1", // the scraper itself
	"169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%eth0", // its link, and the metadata service
	"192.0.2.1%eth0", "2001:db8::1%eth0", // zones; the first is no address at all
	"224.0.0.1", "239.255.255.250", "ff02::1", "ff0e::1", // multicast
	"0.0.0.0", "0.1.2.3", "::", // unspecified
	"255.255.255.255", "240.0.0.1", // broadcast and reserved
	"::ffff:192.0.2.1", "::ffff:127.0.0.1", "::127.0.0.1", "2002:7f00:1::1", "2001:0:7f00:1::", "64:ff9b::7f00:1", // IPv4 inside
	"fec0::1", "100::1", // reserved
}

var maybeTargets = []string{
	"192.0.2.1", "194.182.160.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "198.18.0.1",
	"2a04:c43:e00::1", "2001:db8::1", "fd00::1", "126.255.255.255", "128.0.0.1", "223.255.255.255",
}

// at gives the only member of the pool this address, in the field of its kind.
func at(c *cloud, text string) (addr netip.Addr) {
	addr, _ = netip.ParseAddr(text)
	c.members[0].IPv4, c.members[0].IPv6 = netip.Addr{}, netip.Addr{}
	if addr.Is4() {
		c.members[0].IPv4 = addr
	} else {
		c.members[0].IPv6 = addr
	}
	return addr
}

func TestAddressesThatNeverBecomeTargets(t *testing.T) {
	for _, text := range neverTargets {
		t.Run(text, func(t *testing.T) {
			c := newCloud().grow("web", "")
			addr := at(c, text)
			logged := &levels{}
			reg := prometheus.NewPedanticRegistry()
			cfg := config(t, c)
			cfg.Labels, cfg.Logger, cfg.Registerer = true, slog.New(logged), reg
			agent := newAgent(t, cfg)
			require.NoError(t, agent.RunOnce(t.Context()))
			require.NoError(t, agent.RunOnce(t.Context()))
			assert.Equal(t, "[]\n", read(t, cfg.File))
			if !addr.IsValid() {
				return
			}
			assert.InDelta(t, 1, metric(t, reg, refusedAddresses, "web"), 0)
			assert.InDelta(t, 1, metric(t, reg, "exopool_discovery_skipped_members", "web"), 0)
			assert.Equal(t, []slog.Level{slog.LevelError, slog.LevelInfo}, logged.seen, "logged once, besides the first targets")

			at(c, "192.0.2.1")
			require.NoError(t, agent.RunOnce(t.Context()))
			assert.Contains(t, read(t, cfg.File), "192.0.2.1:9100")
			assert.InDelta(t, 0, metric(t, reg, refusedAddresses), 0)
		})
	}
}

func TestAddressesThatMayBecomeTargets(t *testing.T) {
	for _, text := range maybeTargets {
		c := newCloud().grow("web", "")
		addr := at(c, text)
		cfg := config(t, c)
		require.NoError(t, newAgent(t, cfg).RunOnce(t.Context()))
		assert.Equal(t, fmt.Sprintf(`[{"targets":[%q],"labels":{}}]`+"\n", netip.AddrPortFrom(addr, 9100)), read(t, cfg.File))
	}
}

func TestMemberWithAnotherGoodAddressIsScrapedThere(t *testing.T) {
	c := newCloud().grow("web", "127.0.0.1")
	c.members[0].IPv6 = netip.MustParseAddr("2001:db8::1")
	cfg := config(t, c)
	cfg.Labels = true
	require.NoError(t, newAgent(t, cfg).RunOnce(t.Context()))
	assert.Contains(t, read(t, cfg.File), `"[2001:db8::1]:9100"`)
	assert.NotContains(t, read(t, cfg.File), "127.0.0.1", "nor is it a label, which a rule may make an address of")
}

func TestLoopbackIsAllowedWhereTheProviderIsLocal(t *testing.T) {
	c := newCloud().grow("web", "127.77.0.1", "::1", "169.254.169.254", "::ffff:127.0.0.1")
	cfg := config(t, c)
	cfg.AllowLoopback = true
	require.NoError(t, newAgent(t, cfg).RunOnce(t.Context()))
	assert.Equal(t, `[{"targets":["127.77.0.1:9100","[::1]:9100"],"labels":{}}]`+"\n", read(t, cfg.File))
}

// The file of an earlier run, or of another program, is served without them and
// loses them with the first good refresh.
func TestAddressesInTheFileAreCheckedToo(t *testing.T) {
	for _, text := range neverTargets {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			continue
		}
		t.Run(text, func(t *testing.T) {
			c := newCloud().grow("web", "192.0.2.1", "192.0.2.2")
			cfg := config(t, c)
			content := fmt.Sprintf(`[{"targets":["192.0.2.2:9100",%q,"192.0.2.2:9100"],"labels":{}}]`, netip.AddrPortFrom(addr, 9100))
			writeFile(t, cfg.File, content)
			agent := newAgent(t, cfg)
			assert.Equal(t, targets(2), get(t, agent.Handler(noMetrics()), "/targets").Body.String())
			assert.Equal(t, content, read(t, cfg.File))
			c.hide(1)
			require.NoError(t, agent.RunOnce(t.Context()))
			assert.Equal(t, targets(1, 2), read(t, cfg.File), "what is held does not include them")
		})
	}
}

// Whatever the provider says of an address: it becomes a target only when it
// cannot be the scraper, its network, or unused.
func FuzzAddress(f *testing.F) {
	for _, text := range append(neverTargets, maybeTargets...) {
		f.Add(text)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return
		}
		lister := newCloud().grow("web", "")
		lister.members[0].IPv4 = addr // also of the other kind
		agent, err := discovery.New(discovery.Config{Lister: lister, Pools: []string{"web"}, File: dir + "/config.json"})
		require.NoError(t, err)
		require.NoError(t, agent.RunOnce(t.Context()))
		body := get(t, agent.Handler(noMetrics()), "/targets").Body.String()
		plain := addr.WithZone("").Unmap()
		bad := addr != plain || plain.IsLoopback() || plain.IsLinkLocalUnicast() || plain.IsMulticast() || plain.IsUnspecified() ||
			plain == netip.AddrFrom4([4]byte{255, 255, 255, 255})
		if bad {
			require.Equal(t, targets(), body)
		}
		if addr.Is4() && !bad && addr.As4()[0] != 0 && addr.As4()[0] < 240 {
			require.Contains(t, body, addr.String())
		}
	})
}
