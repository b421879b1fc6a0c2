//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/command"
)

const loggingIn = `
variable "provision" { default = true }
resource "exoscale_compute_instance" "monitoring" {
  user_data = "#cloud-config"
}
resource "terraform_data" "setup" {
  count = var.provision ? 1 : 0
  provisioner "remote-exec" {
    inline = ["true"]
  }
}
`

// TestLoginsAreNotChecked: it is said before anything is applied, nothing waits
// for them, and no line fails because of them.
func TestLoginsAreNotChecked(t *testing.T) {
	term, dir, calls := newFolder(t)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.tf"), []byte(loggingIn), 0o600))
	term.run(t.Context(), []string{"rehearse", "-machines", "memory", "-sprint", "1", dir})
	said := term.err.String()
	assert.Contains(t, said, "memory machines execute no user-data, answer no SSH and have no serial console.\nNot checked of "+dir+":\n"+
		"  user-data of exoscale_compute_instance.monitoring, but for mistakes that can be read\n"+
		"  SSH by terraform_data.setup (remote-exec; main.tf:6): applied without it\n"+
		"To check that, too:\n  sudo fakecloud rehearse -machines nspawn "+dir+"\n")
	assert.Contains(t, said, "  fakecloud rehearse "+dir+" -- -var provision=…\n")
	assert.Contains(t, term.out.String(), "– terraform apply ends without an error: not checked: it does, but without what logs in by SSH: terraform_data.setup; ")
	assert.Contains(t, term.out.String(), "✗ there is exactly one instance pool: there are 0\n", "which is checked all the same")
	assert.Contains(t, read(t, calls), "apply -auto-approve")

	term.run(t.Context(), []string{"rehearse", "-machines", "memory", "-sprint", "1", dir, "--", "-var", "provision=false"})
	assert.Contains(t, term.out.String(), "✓ terraform apply ends without an error")
}

// TestLoginsOfModulesThatInitBrings: they are left out, and the line says so.
func TestLoginsOfModulesThatInitBrings(t *testing.T) {
	term, dir, _ := newFolder(t)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.tf"), []byte("module \"far\" {\n  source = \"example/far/cloud\"\n}\n"), 0o600))
	program, err := exec.LookPath("terraform")
	require.NoError(t, err)
	brought := filepath.Join(filepath.Dir(program), "..", "modules", ".terraform", "modules")
	require.NoError(t, os.MkdirAll(filepath.Join(brought, "far"), 0o700))
	for name, text := range map[string]string{
		"modules.json": `{"Modules":[{"Key":"far","Source":"example/far/cloud","Dir":".terraform/modules/far"}]}`,
		"far/main.tf":  loggingIn,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(brought, name), []byte(text), 0o600))
	}
	term.run(t.Context(), []string{"rehearse", "-machines", "memory", "-sprint", "1", dir})
	assert.NotContains(t, term.err.String(), "Not checked of ", "nobody knows yet")
	assert.Contains(t, term.out.String(), "not checked: it does, but without what logs in by SSH: module.far.terraform_data.setup; ")
}

// TestVariablesOfTheEnvironmentDecideAboutLogins as they do for Terraform.
func TestVariablesOfTheEnvironmentDecideAboutLogins(t *testing.T) {
	term, dir, _ := newFolder(t, "TF_VAR_provision=false")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.tf"), []byte(loggingIn), 0o600))
	term.run(t.Context(), []string{"rehearse", "-machines", "memory", "-sprint", "1", dir})
	assert.NotContains(t, term.err.String(), "terraform_data.setup")
	assert.Contains(t, term.out.String(), "✓ terraform apply ends without an error")
}

func TestLoginsOfResourcesAreNotApplied(t *testing.T) {
	term, dir, calls := newFolder(t)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.tf"), []byte("resource \"ssh_resource\" \"x\" {\n}\n"), 0o600))
	assert.Equal(t, command.ExitOK, term.run(t.Context(), []string{"rehearse", "-machines", "memory", "-sprint", "1", dir}))
	assert.Contains(t, term.out.String(), "– terraform apply ends without an error: not checked: ssh_resource.x logs in by SSH, and these machines answer no SSH")
	assert.NotContains(t, read(t, calls), "apply")
}
