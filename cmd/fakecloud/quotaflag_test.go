package main

import (
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/settings/settingstest"
)

func TestQuotasAreNamesWithNumbers(t *testing.T) {
	t.Parallel()
	for text, problem := range map[string]string{
		"instance=3": "", "instance=-1": "", "elastic-ip=0": "", "instance": "give NAME=NUMBER", "=3": "give NAME=NUMBER",
		"instance=x": "give NAME=NUMBER", "instance=-2": "give NAME=NUMBER", "Instance=1": "give NAME=NUMBER",
		"snapshot=1": "names snapshot more than once", "cars=1": `"cars=1", which no cloud can have: configure cloud: quota "cars" of 1: unknown resource or limit below -1; known are block-storage, `,
	} {
		var cfg config
		set := newTerminal(t).newSet("test", "")
		addCloud(set, &cfg, "")
		err := settingstest.Parse(t.Context(), set, []string{"-quota", text, "-quota", "snapshot=2"}, io.Discard)
		if problem != "" {
			assert.ErrorContains(t, err, problem, text)
			continue
		}
		require.NoError(t, err, text)
		assert.Len(t, cfg.quotas(), 2)
	}
}

func TestQuotasHoldInTheCloud(t *testing.T) {
	t.Parallel()
	term := newTerminal(t)
	cloud, err := term.startCloud(t.Context(), config{
		Listen: "127.0.0.1:0", Machines: machinesMemory, Zone: "at-vie-1", Speed: 1, Quotas: []quota{{"instance", 3}},
	})
	require.NoError(t, err)
	t.Cleanup(func() { term.close(cloud) })
	var instances struct{ Limit int }
	require.NoError(t, cloud.API().Call(t.Context(), "GET", "/v2/quota/instance", nil, &instances))
	assert.Equal(t, 3, instances.Limit)
}
