package nspawn_test

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/nspawn"
)

func TestSettingsAreChecked(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	for want, cfg := range map[string]nspawn.Config{
		"no logger given":       {},
		"boot CPU 1 must be":    {Log: log, CPU: 0.001},
		"speed -1 positive":     {Log: log, Speed: -1},
		"grace -1ns":            {Log: log, Grace: -1},
		"directory /a:b":        {Log: log, Dir: "/a:b"},
		"directory /a,b: its p": {Log: log, Cache: "/a,b"},
	} {
		_, err := nspawn.Completed(cfg)
		assert.ErrorContains(t, err, want)
	}
}

func TestTypesGetTheirShareOfTheComputer(t *testing.T) {
	cfg, err := nspawn.Completed(nspawn.Config{Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	assert.InDelta(t, 0.25, nspawn.Share(cfg, 1), 0, "micro")
	assert.InDelta(t, 0.5, nspawn.Share(cfg, 2), 0, "small")
	cfg.CPU = 0.5
	assert.InDelta(t, 2, nspawn.Share(cfg, 4), 0, "large")
}

func TestUnmetRequirementsSayWhatToDo(t *testing.T) {
	require.NoError(t, nspawn.Unmet([]nspawn.Requirement{{Name: "root"}}))
	err := nspawn.Unmet([]nspawn.Requirement{
		{Name: "root"},
		{Name: "mmdebstrap", Problem: "not found", Remedy: "install the package mmdebstrap"},
	})
	require.EqualError(t, err, "mmdebstrap: not found (install the package mmdebstrap)")
}
