package nspawn_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/machine/nspawn"
)

func startHelper(t *testing.T, driver *nspawn.Driver, userData string) driverapi.Helper {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), bootTimeout)
	defer cancel()
	helper, err := driver.StartHelper(ctx, []byte(userData))
	require.NoError(t, err)
	return helper
}

// inHelper runs a shell script and returns its exit code and output.
func inHelper(t *testing.T, helper driverapi.Helper, stdin io.Reader, script string) (int, string) {
	t.Helper()
	var output bytes.Buffer
	code, err := helper.Run(t.Context(), []string{"sh", "-c", script}, stdin, &output, &output)
	require.NoError(t, err, output.String())
	return code, output.String()
}

func TestCommandsRunInTheHelper(t *testing.T) {
	driver, _ := newDriver(t)
	helper := startHelper(t, driver, "#!/bin/sh\necho done >/srv/user-data\n")
	instances, balancers := driver.Networks()
	assert.False(t, instances.Contains(helper.Address()) || balancers.Contains(helper.Address()), "the API may hand it out")

	code, output := inHelper(t, helper, nil, "cat /srv/user-data; id -u; echo $HOME; hostname; exit 7")
	assert.Equal(t, 7, code)
	assert.Equal(t, "done\n0\n/root\nhelper\n", output)
	code, output = inHelper(t, helper, nil, "kill -KILL $$")
	assert.Equal(t, 255, code, output)
	code, output = inHelper(t, helper, nil, "sleep 1000 & cat /proc/self/cgroup")
	assert.Equal(t, 0, code)
	assert.Contains(t, output, "/system.slice/exopool-run-", "it is accounted as a service of the machine")
	eventually(t, "its children end with it", func() bool {
		_, output := inHelper(t, helper, nil, "pgrep -x sleep")
		return output == ""
	})

	_, err := driver.StartHelper(t.Context(), nil)
	require.ErrorContains(t, err, "there is one already")
	require.NoError(t, driver.Kill("00000000-0000-4000-8000-68656c706572"))
	eventually(t, "it is off", func() bool {
		_, err := helper.Run(t.Context(), []string{"true"}, nil, nil, nil)
		return err != nil && strings.Contains(err.Error(), "it is off")
	})
}

func TestInputAndOutputOfCommandsMayBeBig(t *testing.T) {
	driver, _ := newDriver(t)
	helper := startHelper(t, driver, "")
	input := bytes.Repeat([]byte("0123456789abcde\n"), 1<<20)
	code, output := inHelper(t, helper, bytes.NewReader(input), "cat")
	assert.Equal(t, 0, code)
	assert.True(t, string(input) == output, "16 MiB there and back")
	code, output = inHelper(t, helper, bytes.NewReader(input), "head -n 1") // and does not read the rest
	assert.Equal(t, 0, code)
	assert.Equal(t, "0123456789abcde\n", output)
}

func TestCancelledCommandIsKilledWithItsChildren(t *testing.T) {
	driver, _ := newDriver(t)
	helper := startHelper(t, driver, "")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	began, output := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		_, err := helper.Run(ctx, []string{"sh", "-c", `(trap "" TERM; setsid sleep 1000) & echo began; wait`}, nil, output, nil)
		ended <- err
	}()
	_, err := io.ReadFull(began, make([]byte, len("began")))
	require.NoError(t, err)
	go func() { _, _ = io.Copy(io.Discard, began) }()
	cancel()
	select {
	case err := <-ended:
		require.ErrorIs(t, err, context.Canceled)
	case <-time.After(bootTimeout):
		t.Fatal("the command does not end")
	}
	eventually(t, "nothing is left", func() bool {
		_, output := inHelper(t, helper, nil, `pgrep -x sleep; systemctl list-units --all --plain --no-legend "exopool-run-*" | grep -v running`)
		return output == ""
	})
}

func TestHelperWhoseUserDataFailsIsAnError(t *testing.T) {
	driver, _ := newDriver(t)
	_, err := driver.StartHelper(t.Context(), []byte("#!/bin/sh\nset -e\nnosuchcommand\n"))
	require.ErrorContains(t, err, "start the helper machine: user-data failed")
	startHelper(t, driver, "") // the address is free again
}
