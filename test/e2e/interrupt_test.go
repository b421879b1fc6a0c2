package e2e_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	egoscale "github.com/exoscale/egoscale/v2"
	"github.com/gruntwork-io/terratest/modules/terraform"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The provider, 0.69.3, gives up on what it is creating when it is interrupted,
// and nobody knows of that afterwards: so the README says, and so it is here.
// What is left can be found by its name.
func TestInterruptedApplyIsSweptAndRepeated(t *testing.T) {
	shop := open(t)
	c := newCloud(t, hurried, false)
	before := c.inventory(t)
	i := newInstallation(t, shop, c)

	output := i.interruptedApply(t, shop, func() bool { return c.members() == 1 })
	assert.Contains(t, output, "Interrupt received")
	require.NotEqual(t, before, c.inventory(t), "it was interrupted in the middle")

	_, err := terraform.DestroyE(t, i.options)
	t.Logf("destroying after the interrupt: error %t, instances left without anybody knowing: %d", err != nil, len(c.Instances()))
	key, secret := c.Credential()
	client, err := egoscale.NewClient(key, secret, egoscale.ClientOptWithPollInterval(100*time.Millisecond),
		egoscale.ClientOptWithHTTPClient(&http.Client{Transport: c.Transport()}))
	require.NoError(t, err)
	require.NoError(t, sweep(t.Context(), client, "at-vie-1", i.name))
	await(t, 10*time.Second, func() bool { return len(c.Instances()) == 0 }, "the last instance goes")
	require.Equal(t, before, c.inventory(t), "the account as it was")

	// From here on it is as if nothing had happened.
	require.NoError(t, os.RemoveAll(filepath.Join(i.dir, "terraform.tfstate")))
	terraform.Apply(t, i.options)
	i.unchanged(t)
	i.destroy(t, c, before)
}

// interruptedApply applies, interrupts that as a user would with Ctrl-C when
// the moment has come, and returns what Terraform said.
func (i installation) interruptedApply(t *testing.T, shop workshop, moment func() bool) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), shop.terraform, terraform.FormatArgs(i.options, "apply", "-input=false", "-auto-approve")...)
	cmd.Dir, cmd.Env = i.dir, os.Environ()
	for variable, value := range i.options.EnvVars {
		cmd.Env = append(cmd.Env, variable+"="+value)
	}
	said := &log{}
	cmd.Stdout, cmd.Stderr = said, said
	require.NoError(t, cmd.Start())
	require.Eventually(t, moment, time.Minute, 10*time.Millisecond, "the moment to interrupt")
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	require.Error(t, cmd.Wait(), said)
	return said.String()
}

func TestSweepNeedsTheNameOfARun(t *testing.T) {
	for _, prefix := range []string{"", "e2e-", "exopool"} {
		assert.ErrorContains(t, sweep(t.Context(), nil, "at-vie-1", prefix), "too short")
	}
}
