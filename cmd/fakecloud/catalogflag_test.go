package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/command"
)

func TestCatalogsAreReadFromAFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "catalog.json")
	write := func(text string) { require.NoError(t, os.WriteFile(file, []byte(text), 0o600)) }
	write(`{"templates": [{"name": "Linux Alpine 3 64-bit"}]}`)
	args, environ := child(t, "0")
	term := newTerminal(t, environ)
	assert.Equal(t, 0, term.run(t.Context(), append([]string{"exec", "-instant", "-catalog", file}, args[1:]...)), term.err)

	catalog, err := readCatalog(file)
	require.NoError(t, err)
	cloud, err := term.startCloud(t.Context(), config{Listen: "127.0.0.1:0", Machines: machinesMemory, Speed: 1, Catalog: catalog, Instant: true})
	require.NoError(t, err)
	t.Cleanup(func() { term.close(cloud) })
	assert.Contains(t, cloud.API().Templates(), "Linux Alpine 3 64-bit")
	var op struct{ State string }
	require.NoError(t, cloud.API().Call(t.Context(), "POST", "/v2/load-balancer", map[string]string{"name": "web"}, &op))
	assert.Equal(t, "success", op.State)

	write(`{"templates": [{"name": "Linux Alpine 3 64-bit", "user": "me"}]}`)
	assert.Equal(t, command.ExitUsage, term.run(t.Context(), []string{"serve", "-catalog", file}))
	assert.Contains(t, term.err.String(), "which holds no catalog: unknown field templates[0].user: give a file such as {")
	require.NoError(t, os.Remove(file))
	assert.Equal(t, command.ExitUsage, term.run(t.Context(), []string{"serve", "-catalog", file}))
	assert.Contains(t, term.err.String(), "which cannot be read: open ")
}
