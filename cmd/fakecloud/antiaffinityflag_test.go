package main

import (
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/command"
	"github.com/exopool/exopool/cmd/internal/settings/settingstest"
)

func TestCapacityOfAntiAffinityGroups(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"": 8, "3": 3, "unlimited": -1} {
		var cfg config
		set := newTerminal(t).newSet("test", "")
		addCloud(set, &cfg, "")
		args := []string{"-anti-affinity-capacity", text}
		if text == "" {
			args = nil
		}
		require.NoError(t, settingstest.Parse(t.Context(), set, args, io.Discard))
		assert.Equal(t, want, cfg.AntiAffinityCapacity)
	}
	term := newTerminal(t)
	assert.Equal(t, command.ExitUsage, term.run(t.Context(), []string{"serve", "-anti-affinity-capacity", "0"}))
}

func TestCapacityOfAntiAffinityGroupsHoldsInTheCloud(t *testing.T) {
	t.Parallel()
	term := newTerminal(t)
	cloud, err := term.startCloud(t.Context(), config{
		Listen: "127.0.0.1:0", Machines: machinesMemory, Zone: "at-vie-1", Speed: 1e6, AntiAffinityCapacity: 1,
	})
	require.NoError(t, err)
	t.Cleanup(func() { term.close(cloud) })
	group, err := cloud.API().Do(t.Context(), "POST", "/v2/anti-affinity-group", map[string]any{"name": "spread"})
	require.NoError(t, err)
	var catalog struct {
		Templates []map[string]any `json:"templates"`
		Types     []map[string]any `json:"instance-types"`
	}
	for _, path := range []string{"/v2/template", "/v2/instance-type"} {
		require.NoError(t, cloud.API().Call(t.Context(), "GET", path, nil, &catalog))
	}
	pool := map[string]any{
		"name": "web", "size": 2, "disk-size": 10, "template": catalog.Templates[0], "instance-type": catalog.Types[0],
		"anti-affinity-groups": []any{map[string]any{"id": group}},
	}
	_, err = cloud.API().Do(t.Context(), "POST", "/v2/instance-pool", pool)
	assert.ErrorContains(t, err, "is full: it has 0 of at most 1 instances, 2 more requested")
}
