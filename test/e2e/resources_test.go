package e2e_test

import (
	"maps"
	"testing"

	"github.com/gruntwork-io/terratest/modules/logger"
	"github.com/gruntwork-io/terratest/modules/terraform"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/providers"
)

// TestEveryResourceHasAnEmptySecondPlan applies each resource of the provider that
// the emulator serves, with and without what may be left out, changes it, and
// removes it. After each step the provider finds nothing to do.
func TestEveryResourceHasAnEmptySecondPlan(t *testing.T) {
	tools := open(t)
	t.Parallel()
	c := newCloud(t, 1000, false)
	before := c.inventory(t)
	key, secret := c.Credential()
	i := installation{dir: t.TempDir()}
	require.NoError(t, providers.CopyModule(i.dir, "testdata/resources"))
	environ := maps.Clone(c.environ)
	maps.Copy(environ, tools.mirror.Environment())
	maps.Copy(environ, map[string]string{"TF_VAR_exoscale_key": key, "TF_VAR_exoscale_secret": secret})
	i.options = &terraform.Options{
		TerraformBinary: tools.terraform, TerraformDir: i.dir, EnvVars: environ, Lock: true, NoColor: true, Logger: logger.Discard,
	}
	terraform.Init(t, i.options)
	for _, name := range []string{"full", "changed", "bare"} { // which can be destroyed: nothing is protected
		i.options.Vars = map[string]any{"stage": name}
		stage(t, name, func() {
			_, err := terraform.ApplyE(t, i.options)
			require.NoError(t, err, name)
			i.unchanged(t)
		})
	}
	i.destroy(t, c, before)
}
