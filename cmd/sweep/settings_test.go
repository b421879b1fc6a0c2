package main

import (
	"bytes"
	"flag"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/settings/settingstest"
	"github.com/exopool/exopool/exoscale"
	"github.com/exopool/exopool/sweep"
)

var update = flag.Bool("update", false, "write the table of the settings into the documentation")

func TestSettingsAreDocumented(t *testing.T) {
	t.Parallel()
	set, _ := declare(settingstest.Env{}.Get)
	settingstest.MatchDocs(t, "../../docs/configuration.md", "sweep", set, *update)
}

func TestNameAndStatesAreTaken(t *testing.T) {
	t.Parallel()
	cfg, err := parse([]string{"-name", "exopool", "-state", "a.tfstate, b.tfstate", "-delete"}, settingstest.Course().Get, io.Discard)
	require.NoError(t, err)
	cfg.API.Remedies = exoscale.Remedies{}
	assert.Equal(t, config{
		API: exoscale.Config{
			Key: "EXOkey", Secret: "hush", Zone: "at-vie-1", PollInterval: 3 * time.Second, OperationTimeout: 20 * time.Minute,
		},
		Sweeper: sweep.Sweeper{Name: "exopool", Zone: "at-vie-1", PollInterval: 3 * time.Second},
		States:  []string{"a.tfstate", "b.tfstate"}, Delete: true, Timeout: 20 * time.Minute,
	}, cfg)

	cfg, err = parse([]string{"-name", "exopool"}, settingstest.Course().Get, io.Discard)
	require.NoError(t, err)
	assert.True(t, cfg.API.ReadOnly, "without -delete")
}

func TestWhatWouldDeleteTooMuchIsRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		args    []string
		setting string
	}{
		{"no name", []string{"-state", "a"}, "SWEEP_NAME (flag -name)"},
		{"an empty name", []string{"-name", ""}, "SWEEP_NAME (flag -name)"},
		{"a short name", []string{"-name", "ex"}, "SWEEP_NAME (flag -name)"},
		{"no state to keep anything for", []string{"-name", "exopool", "-delete"}, "flag -delete"},
		{"a folder as state", []string{"-name", "exopool", "-state", "terraform/"}, "SWEEP_STATE (flag -state)"},
		{"an empty state, as of an unset variable", []string{"-name", "exopool", "-state", "", "-delete", "-all"}, "SWEEP_STATE (flag -state)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := parse(test.args, settingstest.Course().Get, io.Discard)
			wrong := settingstest.Errors(t, err)
			require.Len(t, wrong, 1)
			assert.Equal(t, test.setting, wrong[0].Setting)
		})
	}
}

func TestSwitchesAreTakenFromTheCommandLineOnly(t *testing.T) {
	t.Parallel()
	var help bytes.Buffer
	_, err := parse([]string{"-h"}, settingstest.Course().Get, &help)
	require.NoError(t, err)
	assert.Contains(t, help.String(), "-delete\n        delete what is listed; on a terminal, ask before\n        default: false\n")
}
