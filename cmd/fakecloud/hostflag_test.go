package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/command"
	"github.com/exopool/exopool/cmd/internal/settings/settingstest"
)

func TestHostsAreNamesWithFolders(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for text, problem := range map[string]string{
		"apt.example.com=" + folder: "", "apt.example.com": "give NAME=FOLDER", "=" + folder: "give NAME=FOLDER",
		"Apt.example.com=" + folder: "give NAME=FOLDER", "api-at-vie-1.exoscale.com=" + folder: "names a host of Exoscale", "exo.io=" + folder: "names a host of Exoscale",
		"apt.example.com=" + file: "not a folder", "apt.example.com=" + folder + "/none": "no such file",
	} {
		var cfg config
		set := newTerminal(t).newSet("test", "")
		addNspawn(set, &cfg)
		if err := settingstest.Parse(t.Context(), set, []string{"-host", text, "-host", "other.example.com=" + folder}, io.Discard); problem != "" {
			assert.ErrorContains(t, err, problem, text)
			assert.Len(t, cfg.Hosts, 1)
		} else {
			require.NoError(t, err)
			assert.Len(t, handlers(cfg.Hosts), 2)
		}
	}
	term := newTerminal(t)
	assert.Equal(t, command.ExitUsage, term.run(t.Context(), []string{"serve", "-host", "apt.example.com=" + folder}))
	assert.Contains(t, term.err.String(), "flag -host needs machines that look up names: give -machines nspawn as well")
}
