package providers_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/providers"
)

// files lists the files of a folder, hidden ones too.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	require.NoError(t, fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			names = append(names, name)
		}
		return err
	}))
	return names
}

func TestCopyLeavesOutWhatADevelopersRunsHaveLeft(t *testing.T) {
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "new", "copy")
	for _, name := range []string{
		"main.tf", "files/run.sh", "tests/pool.tftest.hcl", "overrides.tf",
		".terraform.lock.hcl", ".terraform/providers/x", ".build/autoscaler", "terraform.tfstate", "terraform.tfstate.backup",
		"terraform.tfvars", "my.auto.tfvars", "secret.tfvars.json", "override.tf", "my_override.tf", "saved.tfplan",
	} {
		path := filepath.Join(from, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
		require.NoError(t, os.WriteFile(path, []byte(name), 0o600))
	}
	require.NoError(t, os.Chmod(filepath.Join(from, "files/run.sh"), 0o700))
	require.NoError(t, os.Symlink("run.sh", filepath.Join(from, "files/link.sh")))

	require.NoError(t, providers.CopyModule(to, from))
	assert.ElementsMatch(t, []string{"main.tf", "files/run.sh", "files/link.sh", "tests/pool.tftest.hcl", "overrides.tf"}, files(t, to))
	info, err := os.Lstat(filepath.Join(to, "files/link.sh"))
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o700), info.Mode(), "a file of its own, still executable")
}

func TestCopyRefusesLinksThatLeaveTheModule(t *testing.T) {
	from := t.TempDir()
	require.NoError(t, os.Symlink("/etc/hostname", filepath.Join(from, "main.tf")))
	require.ErrorContains(t, providers.CopyModule(t.TempDir(), from), "main.tf")
}

func TestCopyOfAMissingModuleIsAnError(t *testing.T) {
	require.ErrorIs(t, providers.CopyModule(t.TempDir(), "no-such-module"), fs.ErrNotExist)
}
