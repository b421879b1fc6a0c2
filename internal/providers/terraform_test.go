package providers_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/providers"
	"github.com/exopool/exopool/internal/scripttest"
)

// program writes a program that claims to be a version of Terraform.
func program(t *testing.T, dir, name, answer string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	script := "#!/bin/sh\necho '" + answer + "'\n"
	scripttest.Write(t, path, script)
	return path
}

func TestTerraformIsPreferredAndOpenTofuAccepted(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir+":/bin:/usr/bin")
	t.Chdir(dir)
	tofu := program(t, dir, "tofu", `{"terraform_version":"1.10.0"}`)
	program(t, dir, "terraform", `{"terraform_version":"1.4.7"}`)
	path, err := providers.Terraform(t.Context())
	require.NoError(t, err)
	assert.Equal(t, tofu, path, "1.4.7 is too old")

	terraform := program(t, dir, "terraform", `{"terraform_version":"1.11.4"}`)
	path, err = providers.Terraform(t.Context())
	require.NoError(t, err)
	assert.Equal(t, terraform, path)
}

func TestMissingTerraformIsExplained(t *testing.T) {
	for name, answer := range map[string]string{
		"not installed":  "",
		"too old":        `{"terraform_version":"1.4.7"}`,
		"not a number":   `{"terraform_version":"latest"}`,
		"something else": "hello",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			t.Setenv("PATH", dir)
			if answer != "" {
				program(t, dir, "terraform", answer)
			}
			_, err := providers.Terraform(t.Context())
			require.ErrorIs(t, err, providers.ErrNoTerraform)
			assert.ErrorContains(t, err, "https://")
		})
	}
}
