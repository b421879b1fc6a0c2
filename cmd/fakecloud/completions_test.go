package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/settings/settingstest"
)

func TestValuesAreCompleted(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"exec -zone at-":                   "at-vie-1\nat-vie-2\n:4\n",
		"faults add too":                   "too-many-requests\n:4\n",
		"faults add latency -operation sc": "scale-instance-pool\nscale-instance\nscale-sks-nodepool\n:4\n",
		"-machines pro":                    "process\n:4\n",
		"ex":                               "exec\trun a command against a new cloud, which ends with it\n:4\n",
	} {
		term := newTerminal(t)
		require.Zero(t, term.run(t.Context(), append([]string{"__complete"}, strings.Split(line, " ")...)))
		assert.Equal(t, want, term.out.String(), line)
	}
}

func TestPortsOfRunningCloudsAreCompleted(t *testing.T) {
	t.Parallel()
	term := newTerminal(t)
	endpoint, _ := serving(t, term)
	side := term.beside()
	require.Zero(t, side.run(t.Context(), []string{"__complete", "calls", "-port", ""}))
	assert.Contains(t, endpoint, ":"+strings.TrimSuffix(side.out.String(), "\n:4\n")+"/")
}

func TestEachCommandHasAManualPage(t *testing.T) {
	t.Parallel()
	term, dir := newTerminal(t), t.TempDir()
	require.Zero(t, term.run(t.Context(), []string{"man", dir}), term.err)
	names := strings.Join(settingstest.CheckManuals(t, dir), " ")
	for _, command := range newTerminal(t).command().Commands {
		assert.Contains(t, names, strings.ReplaceAll(command.Set.Name(), " ", "-")+".1")
	}
}
