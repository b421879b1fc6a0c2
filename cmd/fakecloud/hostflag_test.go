package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHostsAreNamesWithFolders(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for text, fault := range map[string]string{
		"apt.example.com=" + folder: "", "apt.example.com": "want NAME=FOLDER", "=" + folder: "want NAME=FOLDER",
		"Apt.example.com=" + folder: "want NAME=FOLDER", "api-at-vie-1.exoscale.com=" + folder: "is a host of Exoscale", "exo.io=" + folder: "is a host of Exoscale",
		"apt.example.com=" + file: "is not a folder", "apt.example.com=" + folder + "/none": "no such file",
	} {
		h := hosts{}
		if err := h.set(text); fault != "" {
			assert.ErrorContains(t, err, fault, text)
			assert.Empty(t, h)
		} else {
			require.NoError(t, err)
			assert.Len(t, h.handlers(), 1)
		}
	}
	term := newTerminal(t)
	assert.Equal(t, exitUsage, term.run(t.Context(), []string{"serve", "-host", "apt.example.com=" + folder}))
	assert.Contains(t, term.err.String(), "-host: only machines of -machines nspawn")
}
