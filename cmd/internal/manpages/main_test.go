package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/settings/settingstest"
)

func TestProgramsWriteTheirPages(t *testing.T) {
	t.Setenv("GOOS", "windows") // as where a release for it is made
	t.Chdir("../../..")
	dir := t.TempDir()
	require.NoError(t, write(t.Context(), dir, []string{"cmd/http-load-generator/main.go"}))
	assert.Equal(t, []string{"http-load-generator-healthcheck.1", "http-load-generator.1"}, settingstest.CheckManuals(t, dir))
	assert.Error(t, write(t.Context(), dir, nil))
	assert.Error(t, write(t.Context(), dir, []string{filepath.Join("cmd", "none", "main.go")}))
}
