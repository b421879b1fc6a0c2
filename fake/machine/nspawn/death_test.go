package nspawn_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/nspawn"
)

func TestADeathForWantOfInotifyInstancesIsExplained(t *testing.T) {
	t.Parallel()
	console := filepath.Join(t.TempDir(), "console.log")
	status := errors.New("exit status 255")
	require.EqualError(t, nspawn.CauseOfDeath(console, status), "machine died: exit status 255")

	require.NoError(t, os.WriteFile(console, []byte("Welcome to Ubuntu 22.04.5 LTS!\r\n"), 0o600))
	require.EqualError(t, nspawn.CauseOfDeath(console, status), "machine died: exit status 255")

	said := "Failed to create control group inotify object: Too many open files\r\nFailed to allocate manager object: Too many open files\r\n"
	require.NoError(t, os.WriteFile(console, []byte(said), 0o600))
	err := nspawn.CauseOfDeath(console, status)
	require.ErrorIs(t, err, status)
	require.ErrorContains(t, err, "sysctl -w fs.inotify.max_user_instances=1024")
}
