package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/gruntwork-io/terratest/modules/logger"
	"github.com/gruntwork-io/terratest/modules/terraform"
	tfjson "github.com/hashicorp/terraform-json"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/providers"
	rehearsal "github.com/exopool/exopool/internal/rehearsal/terraform"
)

// An installation is a copy of the Terraform module, to be applied to a cloud.
type installation struct {
	name    string
	dir     string
	options *terraform.Options
}

// newInstallation is one of the infrastructure only, for a cloud on this host.
func newInstallation(t *testing.T, tools toolchain, c *cloud) installation {
	t.Helper()
	key, secret := c.Credential()
	return prepare(t, tools, key, secret, c.environ, map[string]any{"provision": false, "maximum": limit})
}

// prepare returns an installation that has a name that no other has, and is
// initialized.
func prepare(t *testing.T, tools toolchain, key, secret string, environ map[string]string, variables map[string]any) installation {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, providers.CopyModule(dir, "../../terraform"))
	i := installation{name: "e2e-" + uuid.NewString()[:8], dir: dir}
	variables["name"] = i.name
	// Secrets are in the environment: every user of the host can see arguments.
	environ = maps.Clone(environ)
	maps.Copy(environ, tools.mirror.Environment())
	maps.Copy(environ, map[string]string{"TF_VAR_exoscale_key": key, "TF_VAR_exoscale_secret": secret})
	i.options = &terraform.Options{
		TerraformBinary: tools.terraform,
		TerraformDir:    i.dir,
		Vars:            variables,
		EnvVars:         environ,
		Lock:            true,
		NoColor:         true,
		Logger:          logger.Discard, // errors carry what Terraform said
	}
	terraform.Init(t, i.options)
	return i
}

// unchanged asserts that Terraform would change nothing.
func (i installation) unchanged(t *testing.T) {
	t.Helper()
	assert.Equal(t, terraform.DefaultSuccessExitCode, terraform.PlanExitCode(t, i.options), "a plan finds changes")
}

// state returns what the state lists, and nothing where there is none: a
// Terraform that is killed early leaves an empty file.
func (i installation) state(t *testing.T) []*tfjson.StateResource {
	t.Helper()
	info, err := os.Stat(filepath.Join(i.dir, "terraform.tfstate"))
	if os.IsNotExist(err) || err == nil && info.Size() == 0 {
		return nil
	}
	require.NoError(t, err)
	output, err := terraform.RunTerraformCommandAndGetStdoutE(t, i.options, "show", "-json")
	require.NoError(t, err)
	var state tfjson.State
	require.NoError(t, json.Unmarshal([]byte(output), &state))
	return rehearsal.Resources(&state)
}

// restrictedKey returns the key that Terraform made for the monitoring machine.
func (i installation) restrictedKey(t *testing.T) (key, secret string) {
	t.Helper()
	for _, r := range i.state(t) {
		if r.Type == "exoscale_iam_api_key" {
			return fmt.Sprint(r.AttributeValues["key"]), fmt.Sprint(r.AttributeValues["secret"])
		}
	}
	require.Fail(t, "Terraform made no restricted key")
	return "", ""
}

// destroy destroys and asserts that nothing is left, in the account or in the
// state.
func (i installation) destroy(t *testing.T, c *cloud, before string) {
	t.Helper()
	terraform.Destroy(t, i.options)
	assert.Empty(t, i.state(t), "resources in the state")
	// Instances of a deleted pool may take a moment to go.
	await(t, 10*time.Second, func() bool { return len(c.Instances()) == 0 }, "the last instance goes")
	assert.Equal(t, before, c.inventory(t), "the account as it was")
}

// stage runs a part of a test, unless SKIP_<name> is set.
func stage(t *testing.T, name string, run func()) {
	t.Helper()
	if os.Getenv("SKIP_"+name) != "" {
		t.Logf("stage %s: skipped, because SKIP_%s is set", name, name)
		return
	}
	start := time.Now()
	run()
	t.Logf("stage %s: took %s", name, time.Since(start).Round(100*time.Millisecond))
}

// await waits for a condition and returns how long that took.
func await(t *testing.T, timeout time.Duration, condition func() bool, what string) time.Duration {
	t.Helper()
	start := time.Now()
	require.Eventually(t, condition, timeout, 100*time.Millisecond, what)
	return time.Since(start).Round(100 * time.Millisecond)
}
