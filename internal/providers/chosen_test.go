package providers_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/providers"
)

func TestAUserMayChooseTheProvider(t *testing.T) {
	program := filepath.Join(t.TempDir(), "terraform-provider-exoscale_v1.2.3-rc1")
	require.NoError(t, os.WriteFile(program, []byte("the program"), 0o600))
	cfg := providers.Config{
		Registry: registry(t, http.StatusOK, `{"providers.v1":"/v1/providers/"}`), Cache: t.TempDir(), Program: program,
	}
	m := install(t, cfg)
	assert.Equal(t, []providers.Provider{{Source: "exoscale/exoscale", Version: "1.2.3-rc1", Path: program}}, m.Built)
	assert.Equal(t, m, install(t, cfg), "again")

	links, err := filepath.Glob(filepath.Join(cfg.Cache, "*", "registry.*", "exoscale", "exoscale", "1.2.3-rc1", "*", "*"))
	require.NoError(t, err)
	require.Len(t, links, 2, "Terraform's registry and OpenTofu's")
	for _, link := range links {
		content, err := os.ReadFile(link)
		require.NoError(t, err)
		assert.Equal(t, "the program", string(content))
	}
	config, err := os.ReadFile(m.ConfigFile)
	require.NoError(t, err)
	assert.Contains(t, string(config), cfg.Cache)
	assert.Contains(t, string(config), `exclude = ["registry.terraform.io/exoscale/exoscale", "registry.opentofu.org/exoscale/exoscale"]`)
}

func TestChosenProvidersAreNamedAsInReleases(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "provider"), nil, 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(folder, "terraform-provider-exoscale_v1.0.0"), 0o700))
	for name, want := range map[string]string{
		"provider":                           "not named terraform-provider-exoscale_vVERSION",
		"terraform-provider-exoscale_vx":     "not named terraform-provider-exoscale_vVERSION",
		"terraform-provider-exoscale_v1.0.0": "not a file",
		"terraform-provider-exoscale_v2.0.0": "no such file",
	} {
		_, err := providers.Install(t.Context(), providers.Config{Cache: t.TempDir(), Program: filepath.Join(folder, name)})
		require.ErrorContains(t, err, want)
	}
}
