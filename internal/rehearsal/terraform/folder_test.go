package terraform_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/rehearsal/terraform"
	"github.com/exopool/exopool/internal/scripttest"
)

// program is a fake Terraform: it prints how it was called and where, and writes
// a state. Asked to destroy, it waits for an interrupt.
const program = `#!/bin/sh
test "$1" = show || echo "$1 in $(basename "$PWD") with $*"
for file; do case $file in -var-file=*) cat "${file#-var-file=}"; echo;; esac; done
case $1 in
init) ls -A . ..;;
apply)
	echo 'in a format of its own' > terraform.tfstate
	test -z "$FAIL" || { echo "much before"; echo "Error: quota exceeded"; echo "  with exoscale_nlb.x"; exit 1; } ;;
show)
	echo '{"format_version":"1.0","values":{"root_module":{"resources":[{"address":"exoscale_nlb.x"}]}}}'
	test -z "$FAIL" || { echo "Error: no schema" >&2; exit 1; } ;;
destroy)
	trap 'echo interrupted; exit 1' INT
	while :; do sleep 0.02; done ;;
esac
`

// repository makes a Git repository with a configuration in one folder of it.
func repository(t *testing.T) (dir string) {
	t.Helper()
	root := filepath.Join(t.TempDir(), "shop")
	for name, text := range map[string]string{
		".git/HEAD": "ref", "cmd/main.go": "package main", "infra/main.tf": `terraform { backend "http" {} }`,
		"infra/terraform.tfvars": `exoscale_key = "EXOreal"`, "infra/terraform.tfstate": "real", "infra/terraform.tfstate.backup": "real",
		"infra/.terraform/plugin": "x", "infra/.terraform.lock.hcl": "x", "infra/terraform.tfstate.d/y/terraform.tfstate": "real",
	} {
		path := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return filepath.Join(root, "infra")
}

func config(t *testing.T, output *bytes.Buffer) terraform.Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "terraform")
	scripttest.Write(t, path, program)
	return terraform.Config{
		Program: path, Dir: repository(t), Env: []string{"PATH=" + os.Getenv("PATH")}, Output: output,
		Variables: map[string]string{"exoscale_key": "EXOfake"}, Args: []string{"-var", "maximum=3"},
	}
}

func open(t *testing.T, cfg terraform.Config) *terraform.Folder {
	t.Helper()
	f, err := terraform.New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return f
}

func TestApplyRunsInACopyWithAStateOfItsOwn(t *testing.T) {
	var output bytes.Buffer
	cfg := config(t, &output)
	f := open(t, cfg)
	before, err := f.Resources(t.Context())
	require.NoError(t, err)
	assert.Empty(t, before, "the user's own state is not looked at")
	require.NoError(t, f.Apply(t.Context()))
	after, err := f.Resources(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"exoscale_nlb.x"}, after)

	said := output.String()
	assert.Contains(t, said, "init in infra with init")
	assert.Contains(t, said, ".:\nmain.tf\nterraform.tfvars\nzz_rehearsal_override.tf\n")
	assert.Contains(t, said, "..:\ncmd\ninfra\n", "what the configuration may refer to")
	assert.Contains(t, said, `{"exoscale_key":"EXOfake"}`)
	command := said[strings.Index(said, "apply in infra"):]
	assert.Less(t, strings.Index(command, "maximum=3"), strings.Index(command, "-var-file="), "credentials come last")
	assert.NotContains(t, command[:strings.Index(command, "\n")], "EXOfake", "and not as arguments")

	text, err := os.ReadFile(filepath.Join(cfg.Dir, "terraform.tfstate"))
	require.NoError(t, err)
	assert.Equal(t, "real", string(text))
}

func TestConfigurationBehindALinkIsCopied(t *testing.T) {
	for name, root := range map[string]string{"in its repository": "", "in a folder that is named": "root"} {
		t.Run(name, func(t *testing.T) {
			var output bytes.Buffer
			cfg := config(t, &output)
			links := filepath.Join(t.TempDir(), "my [links]")
			require.NoError(t, os.Mkdir(links, 0o700))
			if root != "" {
				cfg.Root = filepath.Join(links, root)
				require.NoError(t, os.Symlink(filepath.Dir(cfg.Dir), cfg.Root))
			}
			link := filepath.Join(links, "infra")
			require.NoError(t, os.Symlink(cfg.Dir, link))
			cfg.Dir = link
			require.NoError(t, open(t, cfg).Apply(t.Context()))
			assert.Contains(t, output.String(), ".:\nmain.tf\nterraform.tfvars\nzz_rehearsal_override.tf\n")
			assert.Contains(t, output.String(), "..:\ncmd\ninfra\n")
		})
	}
}

func TestLinksToFoldersOfTheRepositoryAreCopied(t *testing.T) {
	var output bytes.Buffer
	cfg := config(t, &output)
	require.NoError(t, os.Symlink("../cmd", filepath.Join(cfg.Dir, "module")))
	require.NoError(t, os.Symlink("../../outside", filepath.Join(cfg.Dir, "stranger")))
	require.NoError(t, os.Symlink(t.TempDir(), filepath.Join(cfg.Dir, "absolute")))
	require.NoError(t, os.Mkdir(filepath.Join(cfg.Dir, "../../outside"), 0o700))
	require.NoError(t, open(t, cfg).Apply(t.Context()))
	assert.Contains(t, output.String(), ".:\nmain.tf\nmodule\nterraform.tfvars\nzz_rehearsal_override.tf\n")
}

func TestCopyIsNotCopiedIntoItself(t *testing.T) {
	cfg := config(t, new(bytes.Buffer))
	temporary := filepath.Join(cfg.Dir, "tmp")
	require.NoError(t, os.Mkdir(temporary, 0o700))
	t.Setenv("TMPDIR", temporary)
	f := open(t, cfg)
	entries, err := os.ReadDir(filepath.Join(f.Dir(), "tmp"))
	require.NoError(t, err)
	assert.Empty(t, entries)
}

func TestNameOfTheFolderIsNoPattern(t *testing.T) {
	var output bytes.Buffer
	cfg := config(t, &output)
	odd := filepath.Join(t.TempDir(), "homework [final]")
	require.NoError(t, os.Rename(cfg.Dir, odd))
	cfg.Dir = odd
	require.NoError(t, open(t, cfg).Apply(t.Context()))
}

func TestLockFileIsKeptOnRequest(t *testing.T) {
	var output bytes.Buffer
	cfg := config(t, &output)
	cfg.KeepLock = true
	require.NoError(t, open(t, cfg).Apply(t.Context()))
	assert.Contains(t, output.String(), ".:\n.terraform.lock.hcl\nmain.tf\n")
}

func TestFailureSaysWhatTerraformSaid(t *testing.T) {
	var output bytes.Buffer
	cfg := config(t, &output)
	cfg.Env = append(cfg.Env, "FAIL=1")
	err := open(t, cfg).Apply(t.Context())
	require.EqualError(t, err, "terraform apply: exit status 1\nError: quota exceeded\n  with exoscale_nlb.x")
}

func TestStateIsNotPartOfTheOutput(t *testing.T) {
	var output bytes.Buffer
	cfg := config(t, &output)
	f := open(t, cfg)
	require.NoError(t, f.Apply(t.Context()))
	output.Reset()
	_, err := f.Resources(t.Context())
	require.NoError(t, err)
	assert.Empty(t, output.String(), "it has secrets in it")
}

func TestStateThatCannotBeReadSaysWhy(t *testing.T) {
	var output bytes.Buffer
	cfg := config(t, &output)
	cfg.Env = append(cfg.Env, "FAIL=1")
	f := open(t, cfg)
	require.Error(t, f.Apply(t.Context()))
	_, err := f.Resources(t.Context())
	require.EqualError(t, err, "read the state: terraform show: exit status 1\nError: no schema")
}

func TestEndOfTheContextIsAnInterrupt(t *testing.T) {
	var output bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	err := open(t, config(t, &output)).Destroy(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorContains(t, err, "interrupted", "the program ended by itself")
}

func TestFoldersWithoutConfigurationAreRefused(t *testing.T) {
	for _, dir := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		_, err := terraform.New(terraform.Config{Dir: dir})
		assert.ErrorContains(t, err, "is not a folder with Terraform configuration")
	}
	_, err := terraform.New(terraform.Config{Dir: repository(t), Root: t.TempDir()})
	assert.ErrorContains(t, err, "is not in")
}
