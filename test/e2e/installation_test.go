package e2e_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/gruntwork-io/terratest/modules/logger"
	"github.com/gruntwork-io/terratest/modules/terraform"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/providers"
)

// An installation is a copy of the Terraform module, to be applied to a cloud.
type installation struct {
	name    string
	dir     string
	options *terraform.Options
}

// newInstallation is one of the infrastructure only, for a cloud on this
// computer.
func newInstallation(t *testing.T, shop workshop, c *cloud) installation {
	t.Helper()
	key, secret := c.Credential()
	return prepare(t, shop, key, secret, c.environ, map[string]any{"provision": false, "maximum": limit})
}

// prepare returns an installation that has a name that no other has, and is
// initialized.
func prepare(t *testing.T, shop workshop, key, secret string, environ map[string]string, variables map[string]any) installation {
	t.Helper()
	repository := t.TempDir() // the module looks at the programs' sources
	require.NoError(t, providers.CopyModule(repository, "../.."))
	i := installation{name: "e2e-" + uuid.NewString()[:8], dir: filepath.Join(repository, "terraform")}
	variables["name"] = i.name
	// Secrets go by the environment: arguments can be seen by everybody.
	environ = maps.Clone(environ)
	maps.Copy(environ, shop.mirror.Environment())
	maps.Copy(environ, map[string]string{"TF_VAR_exoscale_key": key, "TF_VAR_exoscale_secret": secret})
	i.options = &terraform.Options{
		TerraformBinary: shop.terraform,
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

// A resource is one in the state file.
type resource struct {
	Type, Name string
	Instances  []struct {
		Attributes struct{ Key, Secret string }
	}
}

// state returns what the state file lists; a Terraform that is killed early
// leaves an empty one.
func (i installation) state(t *testing.T) []resource {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(i.dir, "terraform.tfstate"))
	require.NoError(t, err)
	if len(text) == 0 {
		return nil
	}
	var state struct{ Resources []resource }
	require.NoError(t, json.Unmarshal(text, &state))
	return state.Resources
}

// restrictedKey returns the key that Terraform made for the monitoring machine.
func (i installation) restrictedKey(t *testing.T) (key, secret string) {
	t.Helper()
	for _, r := range i.state(t) {
		if r.Type == "exoscale_iam_api_key" && len(r.Instances) == 1 {
			return r.Instances[0].Attributes.Key, r.Instances[0].Attributes.Secret
		}
	}
	require.Fail(t, "Terraform made no restricted key")
	return "", ""
}

// destroy destroys and asserts that nothing is left, in the account or in the
// state file.
func (i installation) destroy(t *testing.T, c *cloud, before string) {
	t.Helper()
	terraform.Destroy(t, i.options)
	assert.Empty(t, i.state(t), "resources in the state file")
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
func await(t *testing.T, patience time.Duration, condition func() bool, what string) time.Duration {
	t.Helper()
	start := time.Now()
	require.Eventually(t, condition, patience, 100*time.Millisecond, what)
	return time.Since(start).Round(100 * time.Millisecond)
}
