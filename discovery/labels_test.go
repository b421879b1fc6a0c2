package discovery_test

import (
	"encoding/json"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/discovery"
)

var update = flag.Bool("update", false, "write the golden files")

// labelled is a cloud in which every label has a value somewhere.
func labelled() *cloud {
	c := newCloud().grow("web", "192.0.2.1", "192.0.2.2", "2001:db8::3").grow("db", "192.0.2.9")
	full := &c.members[0]
	full.Name = "pool-web-abcde"
	full.IPv6 = netip.MustParseAddr("2001:db8::1")
	full.TypeID, full.TemplateID = "type-small", "template-debian"
	full.Created = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	full.Labels = map[string]string{"team": "a&b <c>", "cost-center": "1", "cost.center": "2", "größe": "x\xff", "empty": ""}
	full.SecurityGroupIDs = []string{"sg-2", "sg-1", "sg-2"}
	full.AntiAffinityGroupIDs = []string{"aag-1"}
	c.members[1].State = "starting"
	c.backends = []discovery.Backend{
		{BalancerID: "nlb-1", Service: "http", PoolID: "web", Health: map[netip.Addr]discovery.Health{
			netip.MustParseAddr("192.0.2.1"): {OK: true, Text: "success"}, netip.MustParseAddr("192.0.2.2"): {OK: true, Text: "success"},
		}},
		{BalancerID: "nlb-1", Service: "https", PoolID: "web", Health: map[netip.Addr]discovery.Health{
			netip.MustParseAddr("192.0.2.1"): {OK: true, Text: "success"}, netip.MustParseAddr("192.0.2.2"): {Text: "failure"},
		}},
		{BalancerID: "nlb-2", Service: "sql", PoolID: "db", Health: map[netip.Addr]discovery.Health{}},
	}
	return c
}

func TestLabelsHaveAllThatTheProviderSays(t *testing.T) {
	c := labelled()
	cfg := config(t, c)
	cfg.Pools, cfg.Labels, cfg.Backends = []string{"web", "db"}, true, c
	require.NoError(t, newAgent(t, cfg).RunOnce(t.Context()))
	got := read(t, cfg.File)

	golden := filepath.Join("testdata", "labels.json")
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
	}
	assert.Equal(t, read(t, golden), got)
	assert.Equal(t, map[string]int{"Instances": 1, "Pool": 2, "Backends": 1}, c.calls)
}

func TestLabelsAreOffUnlessAskedFor(t *testing.T) {
	c := labelled()
	cfg := config(t, c)
	cfg.Backends = c
	require.NoError(t, newAgent(t, cfg).RunOnce(t.Context()))
	assert.Equal(t, `[{"targets":["192.0.2.1:9100","192.0.2.2:9100","[2001:db8::3]:9100"],"labels":{}}]`+"\n", read(t, cfg.File))
	assert.Equal(t, map[string]int{"Instances": 1, "Pool": 1}, c.calls)
}

func TestMembersThatShareAllLabelsShareAGroup(t *testing.T) {
	c := newCloud().grow("web", "192.0.2.2", "192.0.2.3", "192.0.2.1")
	cfg := config(t, c)
	cfg.Labels = true
	type group struct {
		Targets []string
		Labels  map[string]string
	}
	var groups []group
	require.NoError(t, newAgent(t, cfg).RunOnce(t.Context()))
	require.NoError(t, json.Unmarshal([]byte(read(t, cfg.File)), &groups))
	require.Len(t, groups, 3, "their ids are labels that differ")

	writeFile(t, cfg.File, `[{"targets":["192.0.2.9:9100"],"labels":{"__meta_exoscale_zone":"z"}},
		{"targets":["192.0.2.8:9100"],"labels":{"__meta_exoscale_zone":"z","job":"other"}}]`)
	c.members[2].Gone = true // so that the list is not accepted at once
	require.NoError(t, newAgent(t, cfg).RunOnce(t.Context()))
	groups = nil
	require.NoError(t, json.Unmarshal([]byte(read(t, cfg.File)), &groups))
	require.Len(t, groups, 3)
	assert.Equal(t, group{[]string{"192.0.2.8:9100", "192.0.2.9:9100"}, map[string]string{"__meta_exoscale_zone": "z"}}, groups[2],
		"targets of the file keep the labels that are ours")
}

func TestNoMembersWithLabelsIsAnEmptyList(t *testing.T) {
	c := newCloud().grow("web")
	cfg := config(t, c)
	cfg.Labels = true
	require.NoError(t, newAgent(t, cfg).RunOnce(t.Context()))
	assert.Equal(t, "[]\n", read(t, cfg.File))
}
