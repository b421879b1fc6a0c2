package main

import (
	"io"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fOFDSetLock locks for one open file, so that other ones of this process see
// it as they see the lock of another process, see fcntl(2).
const fOFDSetLock = 37

func TestStateThatTerraformWorksOnIsLeftAlone(t *testing.T) {
	t.Parallel()
	cloud, state := leavings(t)
	path := folder(t, "terraform.tfstate", state, ".terraform.tfstate.lock.info", `{"Operation":"OperationTypeApply"}`)
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	require.NoError(t, err)
	defer file.Close()
	require.NoError(t, syscall.FcntlFlock(file.Fd(), fOFDSetLock, &syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart}))
	for _, more := range [][]string{nil, {"-delete"}, {"-delete", "-all"}} {
		r := sweepIn(t, cloud, "", append(more, "-state", path)...)
		assert.Equal(t, 1, r.code)
		assert.Contains(t, r.stderr, "in use by Terraform")
	}
	assert.Len(t, groups(t, cloud), 3)

	require.NoError(t, file.Close())
	r := sweepIn(t, cloud, "", "-state", path, "-delete")
	assert.Zero(t, r.code, "the lock file of one that was killed does not matter: %s", r.stderr)
}
