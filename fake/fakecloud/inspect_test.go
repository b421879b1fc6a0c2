package fakecloud_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/fakecloud"
)

func TestTail(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "console.log")
	require.NoError(t, os.WriteFile(name, []byte("one\ntwo\nthree\n"), 0o600))
	for most, want := range map[int64]string{100: "one\ntwo\nthree\n", 14: "one\ntwo\nthree\n", 13: "two\nthree\n", 8: "three\n", 2: ""} {
		got, err := fakecloud.Tail(name, most)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
}

func TestInspectionsAreNotInTheConsoleLog(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "[ OK ] Started sshd\nlast", fakecloud.Own("[ OK ] Started sshd\n[ OK ] Started exopool-run-1.service - [systemd-run] sh\nlast"))
}

func TestMachinesOnPaperHaveNoConsole(t *testing.T) {
	t.Parallel()
	cloud, err := fakecloud.Start(t.Context(), fakecloud.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, cloud.Close()) })
	_, err = cloud.ConsoleLog("1")
	require.ErrorIs(t, err, errors.ErrUnsupported)
	assert.Zero(t, cloud.Traffic("1", "2"))
	assert.True(t, strings.HasPrefix(cloud.Connection().Console, cloud.Connection().URL+"/console/?token="))
}
