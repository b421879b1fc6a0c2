package e2e_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/gruntwork-io/terratest/modules/terraform"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/programtest"
)

// The provider, 0.69.3, gives up on what it is creating when it is interrupted,
// and its state does not list it. The sweep has to find it, and to leave
// alone what Terraform does know of.
func TestInterruptedApplyIsSweptAndRepeated(t *testing.T) {
	tools := open(t)
	sweep := build(t, "sweep")
	for _, interruption := range []struct {
		name string
		// call is the one that an apply has just made when it is interrupted.
		call   string
		signal syscall.Signal
	}{
		{"Ctrl-C while the pool is created", "create-instance-pool", syscall.SIGINT},
		{"Ctrl-C while the monitoring machine is created", "create-instance", syscall.SIGINT},
		{"kill while groups get their rules", "add-rule-to-security-group", syscall.SIGKILL},
		{"kill while the load balancer is created", "create-load-balancer", syscall.SIGKILL},
	} {
		t.Run(interruption.name, func(t *testing.T) {
			t.Parallel() // Terraform and its provider mostly wait
			c := newCloud(t, fastSpeed, false)
			before := c.inventory(t)
			i := newInstallation(t, tools, c)

			i.interruptedApply(t, tools, interruption.signal, func() bool { return c.Calls().ByOperation[interruption.call] > 0 })
			require.NotEqual(t, before, c.inventory(t), "it was interrupted in the middle")
			known := i.state(t)

			code, list := i.sweep(t, sweep, c)
			t.Logf("left without Terraform's knowledge:\n%s", list)
			assert.Equal(t, 3, code, "something is left, and only listed")
			code, said := i.sweep(t, sweep, c, "-delete")
			if code == 1 && interruption.signal == syscall.SIGKILL {
				// It was killed before it wrote any of its things down.
				require.Contains(t, said, "add -all")
				code, said = i.sweep(t, sweep, c, "-delete", "-all")
			}
			require.Zero(t, code, said)
			code, list = i.sweep(t, sweep, c)
			assert.Zero(t, code, list)
			assert.Equal(t, known, i.state(t), "the state is not touched")

			terraform.Apply(t, i.options) // fails if a name is taken, or something known is gone
			i.unchanged(t)
			code, list = i.sweep(t, sweep, c)
			assert.Zero(t, code, "after the second apply Terraform knows everything: %s", list)
			i.destroy(t, c, before)
		})
	}
}

// interruptedApply applies, and interrupts that when the moment has come: with
// SIGINT as Ctrl-C does, to Terraform and its providers alike, or with SIGKILL
// to all of them at once.
func (i installation) interruptedApply(t *testing.T, tools toolchain, signal syscall.Signal, moment func() bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), tools.terraform, terraform.FormatArgs(i.options, "apply", "-input=false", "-auto-approve")...)
	cmd.Dir, cmd.Env = i.dir, os.Environ()
	for variable, value := range i.options.EnvVars {
		cmd.Env = append(cmd.Env, variable+"="+value)
	}
	said := &programtest.Output{}
	cmd.Stdout, cmd.Stderr = said, said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a group to send signals to
	require.NoError(t, cmd.Start())
	require.Eventually(t, moment, time.Minute, 10*time.Millisecond, "the moment to interrupt")
	require.NoError(t, syscall.Kill(-cmd.Process.Pid, signal))
	require.Error(t, cmd.Wait(), said)
	await(t, 10*time.Second, func() bool {
		return errors.Is(syscall.Kill(-cmd.Process.Pid, 0), syscall.ESRCH)
	}, "no provider goes on creating")
}

// sweep runs the program that finds what Terraform does not know of, as a user
// would, and returns its exit code and what it said.
func (i installation) sweep(t *testing.T, program string, c *cloud, args ...string) (code int, said string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	args = append([]string{"-name", i.name, "-state", filepath.Join(i.dir, "terraform.tfstate"), "-poll", "100ms"}, args...)
	cmd := exec.CommandContext(ctx, program, args...)
	key, secret := c.Credential()
	cmd.Env = []string{"EXOSCALE_KEY=" + key, "EXOSCALE_SECRET=" + secret, "EXOSCALE_ZONE=at-vie-1"}
	for variable, value := range c.environ {
		cmd.Env = append(cmd.Env, variable+"="+value)
	}
	output, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	assert.NotContains(t, string(output), secret)
	return cmd.ProcessState.ExitCode(), string(output)
}
