package settings_test

import (
	"bytes"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/settings"
)

func TestSweepTakesNameAndStates(t *testing.T) {
	s, err := settings.ParseSweep([]string{"-name", "exopool", "-state", "a.tfstate, b.tfstate", "-delete"}, course().get, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, settings.Sweep{
		API:  settings.API{Key: "EXOkey", Secret: "hush", Zone: "at-vie-1"},
		Name: "exopool", States: []string{"a.tfstate", "b.tfstate"}, Delete: true,
		Timeout: 20 * time.Minute, Poll: 3 * time.Second,
	}, s)
}

func TestSweepRefusesWhatWouldDeleteTooMuch(t *testing.T) {
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
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := settings.ParseSweep(test.args, course().get, io.Discard)
			faults := faultsOf(t, err)
			require.Len(t, faults, 1)
			assert.Equal(t, test.setting, faults[0].Setting)
		})
	}
}

func TestSweepTakesSwitchesFromTheCommandLineOnly(t *testing.T) {
	var help bytes.Buffer
	_, err := settings.ParseSweep([]string{"-h"}, course().get, &help)
	require.ErrorIs(t, err, settings.ErrHelp)
	assert.Contains(t, help.String(), "-delete\n        delete what is listed, after a question where there is a terminal\n        default: false\n")
}
